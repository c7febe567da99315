import { timingSafeEqual } from "node:crypto"
import { canonical, canonicalJson } from "../crypto/canonical.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { AuthenticRecord, ConnectionFacts, ConnectionRecord } from "./connection.ts"

/** Authenticates what decides who may use a connection. Written by creation and updates only. */
export function recordMac(keys: PlatformKeys, facts: ConnectionFacts): Buffer {
  const { platformId, id, providerId, name, scope, projectIds, settings, configId, version } = facts
  return keys.recordMac(
    canonical([
      platformId,
      id,
      providerId,
      name,
      scope,
      canonicalJson(projectIds ?? null),
      canonicalJson(settings as unknown as Json),
      configId,
      String(version),
    ]),
  )
}

/** Whether the record is as Latchkey wrote it: to be asked wherever a record leads to a secret. */
export function isAuthentic(keys: PlatformKeys, record: ConnectionRecord): record is AuthenticRecord {
  const expected = recordMac(keys, record)
  return expected.length === record.mac.length && timingSafeEqual(expected, record.mac)
}

export function tampered(connectionId: string): LatchkeyError {
  return new LatchkeyError(
    "UNAVAILABLE",
    "This connection's stored record was changed outside Latchkey and cannot be used. Delete it and connect the secret manager again.",
    { connectionId },
  )
}
