import { randomBytes, randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as z from "zod"
import { type Counter, createCounter } from "./counter.ts"
import { awsOperation, type Faults, noFaults, withFaults } from "./faults.ts"
import { type LocalServer, listen, readBody, send } from "./http-server.ts"
import { type KeyRing, type KmsKey, openKeyRing } from "./kms-keys.ts"

export interface KmsServer extends LocalServer {
  /** The first alias' key, as an ARN. */
  keyId: string
  /** By operation. */
  requests: Counter
  faults: Faults
  /** As `RotateKeyOnDemand`: what is encrypted from now on is so under a new version of the alias' key. */
  rotate(alias?: string): Promise<void>
}

export interface KmsOptions {
  /** Where the keys are kept. */
  folder: string
  /** A key each, without `alias/`. Default `["latchkey"]`. */
  aliases?: readonly string[]
  /** Stands in ARNs. Default `us-east-1`. */
  region?: string
  port?: number
}

/**
 * A KMS for one machine: the operations that Latchkey uses, over AWS JSON 1.1, with symmetric keys and the encryption
 * context enforced. Signatures must be there but are not verified.
 * Protocol: https://docs.aws.amazon.com/kms/latest/APIReference/
 */
export async function startKms(options: KmsOptions): Promise<KmsServer> {
  const { folder, aliases = ["latchkey"], region = "us-east-1", port = 0 } = options
  const ring = await openKeyRing(folder, aliases)
  const arns = arnsIn(region)
  const operations = operationsOver(ring, arns)
  const requests = createCounter()
  const faults = noFaults()
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(operations, request, response)
  const server = await listen(withFaults(listener, { faults, counter: requests, nameOf: awsOperation }), {
    port,
  })
  const keyOf = (alias: string | undefined) => {
    const key = alias === undefined ? ring.keys[0] : ring.keys.find((candidate) => candidate.alias === alias)
    if (key === undefined) throw new Error(`the sandbox's KMS has no alias ${alias}`)
    return key
  }
  return {
    ...server,
    keyId: arns.key(keyOf(undefined).id),
    requests,
    faults,
    rotate: (alias) => ring.rotate(keyOf(alias)),
  }
}

/** An error as KMS answers it: HTTP 400, `{__type, message}`. */
class KmsError extends Error {
  readonly type: string

  constructor(type: string, message = "") {
    super(message)
    this.type = type
  }
}

const account = "000000000000"

function arnsIn(region: string) {
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

type Operations = Record<string, (input: unknown) => Record<string, unknown>>

function operationsOver(ring: KeyRing, arns: Arns): Operations {
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

async function answer(operations: Operations, request: IncomingMessage, response: ServerResponse) {
  try {
    const body = await readBody(request, 64 * 1024)
    response.setHeader("x-amzn-requestid", randomUUID())
    const reply = (status: number, value: unknown) =>
      send(response, status, "application/x-amz-json-1.1", JSON.stringify(value))
    try {
      reply(200, run(operations, request, body))
    } catch (error) {
      if (error instanceof KmsError) reply(400, { __type: error.type, message: error.message })
      else reply(500, { __type: "KMSInternalException", message: "The sandbox's KMS failed." })
    }
  } catch {
    response.destroy() // the client is gone
  }
}

function run(operations: Operations, request: IncomingMessage, body: Buffer | undefined) {
  const target = String(request.headers["x-amz-target"] ?? "")
  const name = awsOperation(request)
  if (target !== `TrentService.${name}` || !Object.hasOwn(operations, name))
    throw new KmsError("UnknownOperationException")
  if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 "))
    throw new KmsError("MissingAuthenticationTokenException", "Missing Authentication Token")
  const input = parse(body)
  return operations[name]?.(input)
}

function parse(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString("utf8") ?? "")
  } catch {
    throw new KmsError("SerializationException")
  }
}
