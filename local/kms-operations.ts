import { randomBytes } from "node:crypto"
import * as z from "zod"
import type { KeyRing, KmsKey } from "./kms-keys.ts"

/** An error as KMS answers it: HTTP 400, `{__type, message}`. */
export class KmsError extends Error {
  readonly type: string

  constructor(type: string, message = "") {
    super(message)
    this.type = type
  }
}

const account = "000000000000"

/** Names of keys and aliases, as AWS writes them. */
export function arnsIn(region: string) {
  const prefix = `arn:aws:kms:${region}:${account}`
  return { key: (id: string) => `${prefix}:key/${id}`, alias: (name: string) => `${prefix}:alias/${name}` }
}

type Arns = ReturnType<typeof arnsIn>

const blob = (maxBytes: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, "base64"))
    .refine((bytes) => bytes.length >= 1 && bytes.length <= maxBytes, "Member must have a permitted length")
const context = z.record(z.string(), z.string()).default({})
const keyId = z.string().min(1).max(2048)
const plaintext = blob(4096)
const ciphertext = blob(6144)
const symmetric = "SYMMETRIC_DEFAULT"

/** By name. Each takes the request's JSON and gives the answer's. @throws KmsError */
export type KmsOperations = Record<string, (input: unknown) => Record<string, unknown>>

export function kmsOperations(ring: KeyRing, arns: Arns): KmsOperations {
  const find = (id: string) => findKey(ring, arns, id)
  const arn = (key: KmsKey) => arns.key(key.id)

  function open(blob: Buffer, context: Record<string, string>, expected: string | undefined) {
    const key = expected === undefined ? undefined : find(expected)
    const opened = ring.decrypt(blob, context)
    if (opened === undefined) throw new KmsError("InvalidCiphertextException")
    if (key !== undefined && key !== opened.key)
      throw new KmsError(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      )
    return opened
  }

  return {
    GenerateDataKey: operation(
      z.object({
        KeyId: keyId,
        KeySpec: z.enum(["AES_256", "AES_128"]).optional(),
        NumberOfBytes: z.int().min(1).max(1024).optional(),
        EncryptionContext: context,
      }),
      (input) => {
        if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined))
          throw new KmsError(
            "ValidationException",
            "Please specify either number of bytes or key spec, not both.",
          )
        const key = find(input.KeyId)
        const plain = randomBytes(input.NumberOfBytes ?? (input.KeySpec === "AES_128" ? 16 : 32))
        return {
          KeyId: arn(key),
          Plaintext: plain.toString("base64"),
          CiphertextBlob: ring.encrypt(key, plain, input.EncryptionContext).toString("base64"),
        }
      },
    ),
    Encrypt: operation(
      z.object({ KeyId: keyId, Plaintext: plaintext, EncryptionContext: context }),
      (input) => {
        const key = find(input.KeyId)
        return {
          KeyId: arn(key),
          CiphertextBlob: ring.encrypt(key, input.Plaintext, input.EncryptionContext).toString("base64"),
          EncryptionAlgorithm: symmetric,
        }
      },
    ),
    Decrypt: operation(
      z.object({ KeyId: keyId.optional(), CiphertextBlob: ciphertext, EncryptionContext: context }),
      (input) => {
        const { key, plaintext } = open(input.CiphertextBlob, input.EncryptionContext, input.KeyId)
        return {
          KeyId: arn(key),
          Plaintext: plaintext.toString("base64"),
          EncryptionAlgorithm: symmetric,
        }
      },
    ),
    ReEncrypt: operation(
      z.object({
        CiphertextBlob: ciphertext,
        SourceKeyId: keyId.optional(),
        SourceEncryptionContext: context,
        DestinationKeyId: keyId,
        DestinationEncryptionContext: context,
      }),
      (input) => {
        const destination = find(input.DestinationKeyId)
        const source = open(input.CiphertextBlob, input.SourceEncryptionContext, input.SourceKeyId)
        const blob = ring.encrypt(destination, source.plaintext, input.DestinationEncryptionContext)
        return {
          CiphertextBlob: blob.toString("base64"),
          SourceKeyId: arn(source.key),
          KeyId: arn(destination),
          SourceEncryptionAlgorithm: symmetric,
          DestinationEncryptionAlgorithm: symmetric,
        }
      },
    ),
    DescribeKey: operation(z.object({ KeyId: keyId }), (input) => {
      const key = find(input.KeyId)
      return {
        KeyMetadata: {
          AWSAccountId: account,
          KeyId: key.id,
          Arn: arn(key),
          CreationDate: key.created.getTime() / 1000,
          Enabled: true,
          Description: "",
          KeyUsage: "ENCRYPT_DECRYPT",
          KeyState: "Enabled",
          Origin: "AWS_KMS",
          KeyManager: "CUSTOMER",
          CustomerMasterKeySpec: symmetric,
          KeySpec: symmetric,
          EncryptionAlgorithms: [symmetric],
          MultiRegion: false,
        },
      }
    }),
  }
}

function operation<Input>(schema: z.ZodType<Input>, run: (input: Input) => Record<string, unknown>) {
  return (input: unknown) => {
    const parsed = schema.safeParse(input)
    if (parsed.success) return run(parsed.data)
    const issue = parsed.error.issues[0]
    throw new KmsError(
      "ValidationException",
      `1 validation error detected: Value at '${issue?.path.join(".")}' failed to satisfy constraint: ${issue?.message}`,
    )
  }
}

/** By id, key ARN, `alias/name` or alias ARN. */
function findKey(ring: KeyRing, arns: Arns, id: string): KmsKey {
  const key = ring.keys.find(
    (candidate) =>
      id === candidate.id ||
      id === arns.key(candidate.id) ||
      id === `alias/${candidate.alias}` ||
      id === arns.alias(candidate.alias),
  )
  if (key !== undefined) return key
  if (/^(arn:[^/]+:)?alias\//.test(id))
    throw new KmsError(
      "NotFoundException",
      `Alias ${id.startsWith("arn:") ? id : arns.alias(id.slice("alias/".length))} is not found.`,
    )
  throw new KmsError("NotFoundException", `Key '${id.startsWith("arn:") ? id : arns.key(id)}' does not exist`)
}
