import { systemClock } from "../clock.ts"

/** What is signed besides the time: where the call goes, and its body exactly as it is sent. */
export interface RotationToSign {
  /** As `webhookSecret` gave it. */
  secret: string
  platformId: string
  /** The connection's. */
  id: string
  body: string
}

/** The header `latchkey-signature` of a call of the rotation webhook. `at` in milliseconds; it is good for five minutes. */
export async function signRotation(call: RotationToSign, at = systemClock.now()): Promise<string> {
  const { secret, platformId, id, body } = call
  const t = Math.floor(at / 1000)
  const bytes = (text: string) => new TextEncoder().encode(text)
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"])
  const mac = await crypto.subtle.sign("HMAC", key, bytes(`v1\n${platformId}\n${id}\n${t}\n${body}`))
  const hex = Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("")
  return `t=${t},v1=${hex}`
}
