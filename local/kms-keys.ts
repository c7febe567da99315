import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomUUID,
} from "node:crypto"
import { mkdir, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { writeOnce } from "./data-folder.ts"

export type EncryptionContext = Readonly<Record<string, string>>

export interface KmsKey {
  /** A UUID, the same for all versions. */
  id: string
  /** Without `alias/`. */
  alias: string
  created: Date
  /** The material of each version, the oldest first; the last one encrypts. */
  versions: KeyObject[]
}

export interface KeyRing {
  keys: readonly KmsKey[]
  /** The ciphertext names its key and version, as KMS' own does, so that it alone says what opens it. */
  encrypt(key: KmsKey, plaintext: Buffer, context: EncryptionContext): Buffer
  /** Undefined where the ciphertext is not ours, was changed, or was made with another context. */
  decrypt(ciphertext: Buffer, context: EncryptionContext): { key: KmsKey; plaintext: Buffer } | undefined
  /** Adds a version that encrypts from now on; ciphertexts of earlier ones still open. */
  rotate(key: KmsKey): Promise<void>
}

/** Loads the keys from `folder`, one file per alias and version, and makes those that are missing. None is ever changed. */
export async function openKeyRing(folder: string, aliases: readonly string[]): Promise<KeyRing> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const keys = await Promise.all(aliases.map((alias) => openKey(folder, alias)))
  return {
    keys,
    encrypt,
    decrypt: (ciphertext, context) => decrypt(keys, ciphertext, context),
    rotate: async (key) => {
      const version = key.versions.length + 1
      await writeVersion(folder, key.alias, { keyId: key.id, created: new Date().toISOString(), version })
      key.versions.push((await readVersion(folder, fileOf(key.alias, version))).material)
    },
  }
}

const keyFile = z.strictObject({
  keyId: z.uuid(),
  version: z.int().min(1),
  created: z.iso.datetime(),
  material: z.base64().length(44),
})

const fileOf = (alias: string, version: number) => `${alias}.${version}.json`

async function openKey(folder: string, alias: string): Promise<KmsKey> {
  const written = new Set(await readdir(folder))
  if (!written.has(fileOf(alias, 1)))
    await writeVersion(folder, alias, { keyId: randomUUID(), created: new Date().toISOString(), version: 1 })
  const first = await readVersion(folder, fileOf(alias, 1))
  const versions = [first.material]
  while (written.has(fileOf(alias, versions.length + 1)))
    versions.push((await readVersion(folder, fileOf(alias, versions.length + 1))).material)
  return { id: first.keyId, alias, created: new Date(first.created), versions }
}

async function writeVersion(
  folder: string,
  alias: string,
  key: { keyId: string; created: string; version: number },
): Promise<void> {
  const material = randomBytes(32).toString("base64")
  await writeOnce(join(folder, fileOf(alias, key.version)), `${JSON.stringify({ ...key, material })}\n`)
}

async function readVersion(folder: string, file: string) {
  const parsed = keyFile.safeParse(JSON.parse(await readFile(join(folder, file), "utf8")))
  if (!parsed.success) throw new Error(`${join(folder, file)} is not a key of the sandbox's KMS`)
  return { ...parsed.data, material: createSecretKey(Buffer.from(parsed.data.material, "base64")) }
}

// A ciphertext: format (1 byte), key id (16), key version (4), IV (12), tag (16), the encrypted bytes.
const format = 1
const headerLength = 21
const ivLength = 12
const tagLength = 16

function encrypt(key: KmsKey, plaintext: Buffer, context: EncryptionContext): Buffer {
  const material = key.versions.at(-1)
  if (material === undefined) throw new Error(`key ${key.id} has no material`)
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(format)
  header.write(key.id.replaceAll("-", ""), 1, "hex")
  header.writeUInt32BE(key.versions.length, 17)
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv("aes-256-gcm", material, iv).setAAD(additionalData(header, context))
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([header, iv, cipher.getAuthTag(), body])
}

function decrypt(keys: readonly KmsKey[], ciphertext: Buffer, context: EncryptionContext) {
  if (ciphertext.length < headerLength + ivLength + tagLength || ciphertext[0] !== format) return undefined
  const header = ciphertext.subarray(0, headerLength)
  const id = header.toString("hex", 1, 17)
  const key = keys.find((candidate) => candidate.id.replaceAll("-", "") === id)
  const material = key?.versions[header.readUInt32BE(17) - 1]
  if (key === undefined || material === undefined) return undefined
  const iv = ciphertext.subarray(headerLength, headerLength + ivLength)
  const tag = ciphertext.subarray(headerLength + ivLength, headerLength + ivLength + tagLength)
  const decipher = createDecipheriv("aes-256-gcm", material, iv)
    .setAAD(additionalData(header, context))
    .setAuthTag(tag)
  const body = ciphertext.subarray(headerLength + ivLength + tagLength)
  try {
    return { key, plaintext: Buffer.concat([decipher.update(body), decipher.final()]) }
  } catch {
    return undefined
  }
}

/** The order of a context's pairs does not matter to KMS, everything else about it does. */
function additionalData(header: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))])
}
