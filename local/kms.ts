import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { type Counter, createCounter } from "./counter.ts"
import { awsOperation, type Faults, noFaults, withFaults } from "./faults.ts"
import { type LocalServer, listen, readBody, send } from "./http-server.ts"
import { openKeyRing } from "./kms-keys.ts"
import { arnsIn, KmsError, type KmsOperations, kmsOperations } from "./kms-operations.ts"

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
  const operations = kmsOperations(ring, arns)
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

async function answer(operations: KmsOperations, request: IncomingMessage, response: ServerResponse) {
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

function run(operations: KmsOperations, request: IncomingMessage, body: Buffer | undefined) {
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
