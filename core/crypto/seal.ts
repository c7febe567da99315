import { decrypt, encrypt } from "./aead.ts"
import { canonical } from "./canonical.ts"
import type { PlatformKeys } from "./keyring.ts"

/** What something was sealed for. It is part of the additional data, so that nothing opens for another purpose. */
export type SealKind =
  | "value"
  | "negative"
  | "lease"
  | "breaker"
  | "status"
  | "browse"
  | "session"
  | "config-view"
  | "webhook"
  | "cursor"

/** Where the sealed thing belongs: additional authenticated data beside format, month and kind. */
export type Binding = readonly string[]

const format = 1
const headerLength = 3

/**
 * Seals `body` under the platform's key of this month: one byte of format, two of month, then IV, ciphertext and tag.
 * The body is padded, so that its length shows in steps only. `now` in milliseconds.
 */
export function seal(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  body: Buffer,
  now: number,
): Buffer {
  const month = monthOf(now)
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(format, 0)
  header.writeUInt16BE(month, 1)
  return Buffer.concat([
    header,
    encrypt(keys.sealing(month), pad(body), additionalData(month, kind, binding)),
  ])
}

/** What was sealed, or undefined if it was not sealed by this platform, for this kind and binding, bit by bit. */
export function unseal(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  sealed: Buffer,
): Buffer | undefined {
  if (sealed.length < headerLength || sealed.readUInt8(0) !== format) return undefined
  const month = sealed.readUInt16BE(1)
  const padded = decrypt(
    keys.sealing(month),
    sealed.subarray(headerLength),
    additionalData(month, kind, binding),
  )
  return padded && unpad(padded)
}

function additionalData(month: number, kind: SealKind, binding: Binding): string {
  return canonical([String(format), String(month), kind, ...binding])
}

/** Months since January 1970, UTC. */
function monthOf(now: number): number {
  const date = new Date(now)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}

const lengthField = 4

/** Length, body, zeros up to the next step: 256 bytes, and from 2 KiB on an eighth of the power of two below. */
function pad(body: Buffer): Buffer {
  const length = lengthField + body.length
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(length)) - 3))
  const padded = Buffer.alloc(Math.ceil(length / step) * step)
  padded.writeUInt32BE(body.length, 0)
  body.copy(padded, lengthField)
  return padded
}

function unpad(padded: Buffer): Buffer {
  return padded.subarray(lengthField, lengthField + padded.readUInt32BE(0))
}

/** Seals a body as JSON, in base64. */
export function sealJson(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  body: unknown,
  now: number,
): string {
  return seal(keys, kind, binding, Buffer.from(JSON.stringify(body)), now).toString("base64")
}

/** What `sealJson` sealed: authenticated, hence of the shape that was sealed. `size` in bytes of JSON. */
export function openJson<T>(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  sealed: Buffer,
): { body: T; size: number } | undefined {
  const opened = unseal(keys, kind, binding, sealed)
  return opened && { body: JSON.parse(opened.toString()), size: opened.length }
}
