import * as http from "node:http"
import * as https from "node:https"
import { exchangeFailure, Failure } from "./failure.ts"
import type { HttpRequest, HttpResponse } from "./http.ts"
import type { Attempt, Pool, PooledRequestOptions } from "./pool.ts"

/** A request with its headers complete. */
export interface Message {
  method: HttpRequest["method"]
  headers: Readonly<Record<string, string>>
  body: string | Buffer | undefined
  maxBytes: number
  acceptEncoding: "identity" | "base64"
}

/**
 * Sends one request over one socket of the pool and reads its answer, whatever its status.
 *
 * @throws Failure, or the signal's reason
 */
export function exchange(pool: Pool, message: Message, attempt: Attempt): Promise<HttpResponse> {
  const { destination, signal, onPhase } = attempt
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const options: PooledRequestOptions = {
    agent: pool.agent,
    method: message.method,
    host: destination.host,
    port: destination.port,
    path: destination.url.pathname + destination.url.search,
    headers: { ...message.headers, host: destination.url.host },
    // Stated, since a flag of Node could change them.
    insecureHTTPParser: false,
    maxHeaderSize: 16_384,
    attempt,
  }
  const request = (destination.secure ? https : http).request(options)
  const fail = (error: unknown) => {
    reject(signal.aborted ? signal.reason : exchangeFailure(error))
    request.destroy()
  }
  const abort = () => fail(signal.reason)

  request.once("socket", () => {
    onPhase("reach")
    if (destination.secure) onPhase("TLS")
  })
  request.on("error", fail)
  request.once("response", (response) => {
    // Of a body that nobody wants any more, too.
    response.on("error", () => {})
    const refused = refusal(response, message)
    if (refused) return fail(refused)
    collect(response, message.maxBytes).then(
      (body) => resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body }),
      fail,
    )
  })
  request.end(message.body)
  signal.addEventListener("abort", abort, { once: true })
  if (signal.aborted) abort()
  return promise.finally(() => signal.removeEventListener("abort", abort))
}

/** What can be told from the headers: an encoding that was not asked for, a body announced too large. */
function refusal(response: http.IncomingMessage, message: Message): Failure | undefined {
  const encoding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase()
  if (encoding !== "" && encoding !== "identity" && encoding !== message.acceptEncoding)
    return new Failure(
      "PROVIDER_ERROR",
      "The answer is compressed although that was not asked for: check the proxy in front of the secret manager",
      "never",
      { status: response.statusCode },
    )
  if (message.method !== "HEAD" && Number(response.headers["content-length"]) > message.maxBytes)
    return tooLarge(message.maxBytes, response.statusCode)
  return undefined
}

async function collect(response: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const chunks: Buffer[] = []
  let size = 0
  response.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) reject(tooLarge(maxBytes, response.statusCode))
    else chunks.push(chunk)
  })
  response.once("end", resolve)
  // A body that breaks off is an error too.
  response.once("error", reject)
  await promise
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

const tooLarge = (maxBytes: number, status: number | undefined) =>
  new Failure(
    "PROVIDER_ERROR",
    `The answer is larger than ${maxBytes} bytes: check that \`url\` names a secret manager`,
    "never",
    { status, oversized: true },
  )

/** Of repeated headers the first, for all alike. */
function headersOf(response: http.IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  const raw = response.rawHeaders
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? ""
    headers[name] ??= raw[index + 1] ?? ""
  }
  return headers
}
