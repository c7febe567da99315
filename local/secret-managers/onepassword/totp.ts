import { createHmac } from "node:crypto"

/**
 * The one-time code of an `otpauth://totp/` URL, or of a bare base32 secret, at a time in milliseconds (RFC 6238).
 * Undefined where it is neither.
 */
export function totpCode(value: string, now: number): string | undefined {
  const parameters = value.startsWith("otpauth://totp/")
    ? new URL(value).searchParams
    : new URLSearchParams({ secret: value })
  const secret = decodeBase32(parameters.get("secret") ?? "")
  if (secret === undefined) return undefined
  const digits = Number(parameters.get("digits") ?? 6)
  const period = Number(parameters.get("period") ?? 30)
  const algorithm = (parameters.get("algorithm") ?? "SHA1").toLowerCase()

  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / period)))
  const mac = createHmac(algorithm, secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const code = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits
  return String(code).padStart(digits, "0")
}

/** RFC 4648, 6: upper or lower case, spaces and padding ignored. */
function decodeBase32(text: string): Buffer | undefined {
  const letters = text.toUpperCase().replace(/[\s=]/g, "")
  if (!/^[A-Z2-7]+$/.test(letters)) return undefined
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const letter of letters) {
    held = (held << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 0xff)
      held &= (1 << bits) - 1
    }
  }
  return Buffer.from(bytes)
}
