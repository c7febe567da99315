import { createHmac, timingSafeEqual } from "node:crypto"

/** What a caller of the webhook signs, besides the time. */
export interface SignedCall {
  platformId: string
  connectionId: string
  /** The body exactly as it was sent. */
  rawBody: string
}

/** A `latchkey-signature` header. */
export interface Signature {
  /** Seconds since the epoch, as they were signed. */
  t: string
  /** Lower-case hex. */
  v1: string
}

/** How far a signature's time may be from ours, each way, in milliseconds. */
const toleranceMs = 300_000

/** The header's parts, where it has the right form and its time is not stale. */
export function readSignature(header: string | undefined, now: number): Signature | undefined {
  const [, t = "", v1 = ""] = /^t=(\d{1,12}),v1=([0-9a-fA-F]{64})$/.exec(header ?? "") ?? []
  if (t === "" || Math.abs(now - Number(t) * 1000) > toleranceMs) return undefined
  return { t, v1: v1.toLowerCase() }
}

/** Whether the signature was made with one of the secrets. Takes the same time wherever it differs. */
export function isSignedBy(secrets: readonly string[], { t, v1 }: Signature, call: SignedCall): boolean {
  const { platformId, connectionId, rawBody } = call
  const given = Buffer.from(v1, "hex")
  const fitting = secrets.map((secret) => {
    const mac = createHmac("sha256", secret)
      .update(`v1\n${platformId}\n${connectionId}\n${t}\n`)
      .update(rawBody)
    return timingSafeEqual(mac.digest(), given)
  })
  return fitting.includes(true)
}
