import { randomBytes } from "node:crypto"
import { audited } from "../audit/audited.ts"
import { type Caller, eventOf } from "../audit/caller.ts"
import type { Clock } from "../clock.ts"
import { notFound } from "../connections/access.ts"
import type { ConnectionRecord } from "../connections/connection.ts"
import type { ConnectionFinder } from "../connections/find.ts"
import type { ConnectionStore } from "../connections/store.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { openJson, sealJson } from "../crypto/seal.ts"
import { Secret } from "../secret.ts"

interface SealedSecret {
  secret: string
  /** When it was made, in milliseconds: what was before it ends a day later. */
  at: number
}

/** How long the secret before goes on working, in milliseconds. */
const overlapMs = 24 * 3_600_000

/** Makes secrets for the rotation webhook. What is stored is sealed; what is returned is shown once. */
export function createWebhookSecret(deps: {
  store: ConnectionStore
  finder: ConnectionFinder
  clock: Clock
}) {
  const { store, finder, clock } = deps

  return async function webhookSecret(caller: Caller, connectionId: string): Promise<Secret> {
    const { platformId } = caller.principal
    return audited(caller.audit, eventOf(caller, "webhook.created", connectionId), async () => {
      const { keys } = await finder.findVisible(caller, connectionId)
      const secret = `whsec_${randomBytes(32).toString("base64url")}`
      const body: SealedSecret = { secret, at: clock.now() }
      const sealed = sealJson(keys, "webhook", [platformId, connectionId], body, clock.now())
      const stored = await store.setWebhookSecret(platformId, connectionId, Buffer.from(sealed, "base64"))
      if (!stored) throw notFound(connectionId)
      return new Secret(secret)
    })
  }
}

/** The secrets that a call of the connection's webhook may be signed with now: none, one or two. */
export function webhookSecrets(
  keys: PlatformKeys,
  { platformId, id, webhook }: ConnectionRecord,
  now: number,
): string[] {
  const open = (sealed: Uint8Array | undefined) =>
    sealed && openJson<SealedSecret>(keys, "webhook", [platformId, id], Buffer.from(sealed))?.body
  const current = open(webhook?.secret)
  if (!current) return []
  const before = now < current.at + overlapMs ? open(webhook?.before) : undefined
  return before ? [current.secret, before.secret] : [current.secret]
}
