import { randomBytes } from "node:crypto"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import type { ConnectionChange } from "../../core/connections/store.ts"
import { newConnectionId, newNonce } from "../../core/ids.ts"

/** A connection as it would be stored. Its ciphertexts are random bytes: a store does not look inside. */
export function aRecord(parts: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    platformId: "acme",
    id: newConnectionId(),
    providerId: "hashicorp",
    name: "Vault",
    scope: "PLATFORM",
    settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 0 },
    configId: newNonce(),
    version: 1,
    generation: newNonce(),
    created: "2026-01-01T00:00:00.000Z",
    updated: "2026-01-01T00:00:00.000Z",
    config: { format: 1, wrappedKey: bytes(184), data: bytes(300) },
    configView: bytes(291),
    mac: bytes(32),
    ...parts,
  }
}

/** What an update of `record` sets at least: what its MAC is over. */
export function aChange(record: ConnectionRecord, parts: Partial<ConnectionChange> = {}): ConnectionChange {
  const { name, scope, projectIds, settings, configId } = record
  return {
    name,
    scope,
    ...(projectIds && { projectIds }),
    settings,
    configId,
    version: record.version + 1,
    updated: "2026-01-02T00:00:00.000Z",
    mac: bytes(32),
    ...parts,
  }
}

/** As a store hands them out: plain arrays, so that a deep comparison is about the bytes. */
export const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
