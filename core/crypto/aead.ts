import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto"

const algorithm = "aes-256-gcm"
const ivLength = 12
const authTagLength = 16

/** Encrypts under a fresh random 96-bit IV. Returns IV, ciphertext and 128-bit tag, in that order. */
export function encrypt(key: KeyObject, plain: Uint8Array, additionalData: string): Buffer {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength })
  cipher.setAAD(Buffer.from(additionalData))
  const body = cipher.update(plain)
  cipher.final()
  return Buffer.concat([iv, body, cipher.getAuthTag()])
}

/** The plaintext, or undefined where key, additional data or a single bit differ. */
export function decrypt(key: KeyObject, sealed: Buffer, additionalData: string): Buffer | undefined {
  if (sealed.length < ivLength + authTagLength) return undefined
  const end = sealed.length - authTagLength
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivLength), { authTagLength })
  decipher.setAAD(Buffer.from(additionalData))
  decipher.setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(ivLength, end))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}
