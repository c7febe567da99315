import type { RequestAudit } from "../audit/audit.ts"
import { audited } from "../audit/audited.ts"
import type { AuditEvent, AuditPath } from "../audit/event.ts"
import type { Clock } from "../clock.ts"
import type { WebhookClear } from "../connections/connection.ts"
import type { ConnectionStore } from "../connections/store.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import { isSignedBy, readSignature, type Signature, type SignedCall } from "./signature.ts"
import { webhookSecrets } from "./webhook-secret.ts"

/** A call of a connection's webhook, by whoever holds its secret. */
export interface RotatedCall extends SignedCall {
  /** The header `latchkey-signature`. */
  signature: string | undefined
  /** What has changed, as the caller names it: for the audit only. */
  paths?: readonly string[]
  requestId: string
  audit: RequestAudit
  signal: AbortSignal
}

/** Twice as long as a signature can be valid, so that none is forgotten while it is. */
const rememberedMs = 600_000
/** Between two clears of a connection by its webhook, in milliseconds. */
const spacingMs = 10_000
/** Times that another's clear may come between before that counts as an outage. */
const attempts = 3

/**
 * Clears a connection's cache because its secret manager, or someone beside it, says that secrets have changed. The new
 * generation and the signature are one write, on condition of the signatures that were read: so a signature that is
 * stored has taken effect, and whoever sends it again changes nothing.
 */
export function createRotated(deps: { store: ConnectionStore; keyring: Keyring; clock: Clock }) {
  const { store, keyring, clock } = deps

  /**
   * @throws LatchkeyError `AUTHENTICATION`, the same for an unknown connection, a bad signature and a stale time;
   *   `THROTTLED` where another signature has cleared the cache within ten seconds
   */
  return async function rotated(call: RotatedCall): Promise<void> {
    const signature = readSignature(call.signature, clock.now())
    if (!signature) throw refused()
    const { platformId, connectionId } = call
    let clears = await clearsSeenBy(call, signature)
    if (clears === "effective") return

    await audited(call.audit, eventOf(call), async () => {
      for (let attempt = 0; attempt < attempts && clears !== "effective"; attempt++) {
        const at = clock.now()
        const kept = clears.filter((clear) => at - clear.at <= rememberedMs)
        const change = { was: clears, clears: [...kept, { signature: signature.v1, at }] }
        if (await store.clearByWebhook(platformId, connectionId, change, newNonce())) return
        clears = await clearsSeenBy(call, signature)
      }
      if (clears !== "effective")
        throw new LatchkeyError("UNAVAILABLE", "Others were clearing this cache at the same time. Try again.")
    })
  }

  /** The connection's clears, to which this call may add one; or that it is among them. */
  async function clearsSeenBy(
    call: RotatedCall,
    signature: Signature,
  ): Promise<WebhookClear[] | "effective"> {
    const { platformId, connectionId, signal } = call
    const { platform, connections } = await store.read(platformId, [connectionId], signal)
    const record = connections.get(connectionId)
    const secrets =
      platform && record ? webhookSecrets(await keyring.unwrap(platform), record, clock.now()) : []
    // What is not there is checked against nothing, so that it takes as long.
    const signed = isSignedBy(secrets.length > 0 ? secrets : [newNonce()], signature, call)
    if (!signed || secrets.length === 0) throw refused()

    const clears = record?.webhook?.clears ?? []
    if (clears.some((clear) => clear.signature === signature.v1)) return "effective"
    const waitMs = (clears.at(-1)?.at ?? Number.NEGATIVE_INFINITY) + spacingMs - clock.now()
    if (waitMs > 0)
      throw new LatchkeyError(
        "THROTTLED",
        "This connection's webhook has cleared the cache a moment ago. Wait, then sign and send again.",
        { retryAfterSeconds: Math.ceil(waitMs / 1000) },
      )
    return clears
  }
}

function eventOf({ platformId, connectionId, paths, requestId }: RotatedCall): AuditEvent {
  return {
    platformId,
    actor: "webhook",
    action: "webhook.rotated",
    requestId,
    connectionId,
    ...(paths && { paths: counted(paths) }),
  }
}

function counted(paths: readonly string[]): AuditPath[] {
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1)
  return [...counts].map(([path, count]) => ({ path, count }))
}

const refused = () =>
  new LatchkeyError(
    "AUTHENTICATION",
    "The call is not signed by this connection's webhook secret, or not within five minutes of now. Check the address, the secret, the clock, and that the body is signed exactly as it is sent.",
  )
