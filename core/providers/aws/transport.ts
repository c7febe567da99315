import type { SecretsManagerClientConfig } from "@aws-sdk/client-secrets-manager"
import { ProviderError } from "../../errors.ts"
import type { HttpClient, HttpResponse, Phase } from "../../network/http.ts"
import { errorOf, isThrottled, networkError, type Thing } from "./answers.ts"
import type { AwsCredentials } from "./deployment.ts"

/** What one request is made with. */
export interface Asking {
  /** Our name of the operation, for errors. */
  operation: string
  /** What errors of the service speak of. @default `secret` */
  thing?: Thing
  signal: AbortSignal
  /** Told how far the request has come. */
  onPhase?: (phase: Phase) => void
  /** Whether throttling ends the request at once, because there is another way; else it is tried again. @default false */
  yields?: boolean
  /** Bound on an answer, in bytes: of twenty secrets of 64 KiB, some of their characters escaped. @default 4 MiB */
  maxBytes?: number
}

const defaultMaxBytes = 4 * 1024 * 1024

/** Of STS, whose answers are small. They are XML, and the SDK takes the square of the time for what is made to be slow. */
export const maxStsBytes = 64 * 1024

/** What handler and caller of one request know of each other. The SDK passes its options through as they are. */
interface Call extends Asking {
  abortSignal: AbortSignal
  answer?: HttpResponse
  failure?: unknown
}

/** What the SDK hands to a request handler, as far as it is used here. */
interface SignedRequest {
  method: string
  protocol: string
  hostname: string
  port?: number
  path: string
  headers: Record<string, string>
  body?: unknown
}

/**
 * What every client of the SDK is made with, so that it reaches nothing but `endpoint`, through `http` alone, signs with
 * nothing but `credentials`, and asks the environment and the files of a home directory for nothing: each option that is
 * missing here would be looked for there.
 */
export function clientSettings({
  http,
  region,
  endpoint,
  credentials,
}: {
  http: HttpClient
  region: string
  endpoint: string
  credentials: AwsCredentials | undefined
}) {
  return {
    region,
    endpoint,
    credentials: async () => revealed(credentials),
    // Of a request handler the SDK uses nothing but `handle`.
    requestHandler: { handle: handlerOver(http, endpoint) } as unknown as NonNullable<
      SecretsManagerClientConfig["requestHandler"]
    >,
    // Retries are the network's, which knows the deadline.
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard",
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    authSchemePreference: ["sigv4"],
    userAgentAppId: async () => undefined,
    defaultUserAgentProvider: async () => [["latchkey"]],
    disableHostPrefix: true,
  } satisfies SecretsManagerClientConfig
}

/**
 * Sends one of the SDK's commands.
 * @throws ProviderError what the network throws, and what AWS's error means; the signal's reason once it aborts
 */
export async function ask<Output>(
  send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
  asking: Asking,
): Promise<Output> {
  const call: Call = { ...asking, abortSignal: asking.signal }
  try {
    return await send(call)
  } catch (error) {
    asking.signal.throwIfAborted()
    if (call.failure !== undefined)
      throw call.failure instanceof ProviderError ? networkError(call.failure) : call.failure
    if (error instanceof ProviderError) throw error
    // The SDK's error has the answer in it, so it is not kept as a cause.
    throw errorOf(call.answer, { operation: asking.operation, thing: asking.thing ?? "secret" })
  }
}

/** What a list in an answer holds: the SDK lets through whatever the endpoint put there, `null` included. */
export function listed<Entry>(list: readonly Entry[] | undefined): Entry[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry === "object" && entry !== null) : []
}

/** As `listed`, where a text belongs. */
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

/** Where a list goes on, if it does. */
export function nextOf(token: unknown): { next?: string } {
  const next = textOf(token)
  return next ? { next } : {}
}

/** Without credentials the SDK would look for some, and find Latchkey's own. */
function revealed(credentials: AwsCredentials | undefined) {
  const { accessKeyId = "", secretAccessKey, sessionToken } = credentials ?? {}
  if (accessKeyId === "" || !secretAccessKey?.reveal()) {
    throw new ProviderError("BAD_CREDENTIALS", "The connection has no AWS credentials. Put some into it.")
  }
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
  }
}

function handlerOver(http: HttpClient, endpoint: string) {
  return async (request: SignedRequest, options: unknown) => {
    const call = options as Call
    try {
      const response = await send(http, endpoint, request, call)
      call.answer = response
      // A copy, since the SDK makes something else of what it is given.
      const body = new Uint8Array(response.body)
      return { response: { statusCode: response.status, headers: response.headers, body } }
    } catch (error) {
      // The SDK writes into errors that pass through it.
      call.failure = error
      throw new Error("not sent")
    }
  }
}

async function send(
  http: HttpClient,
  endpoint: string,
  { method, protocol, hostname, port, path, headers, body }: SignedRequest,
  { operation, signal, onPhase, yields = false, maxBytes = defaultMaxBytes }: Call,
): Promise<HttpResponse> {
  const url = `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`
  if (
    method !== "POST" ||
    !isWithin(url, endpoint) ||
    !(typeof body === "string" || body instanceof Uint8Array)
  ) {
    throw new ProviderError("PROVIDER_ERROR", "A request would have left the connection.")
  }
  return http.request({
    method,
    url,
    headers: signedOnly(headers),
    body: typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    operation,
    maxBytes,
    // Nothing that is asked for here changes anything.
    repeatable: true,
    ...(yields ? {} : { asksForRetry: isThrottled }),
    ...(onPhase ? { onPhase } : {}),
    signal,
  })
}

/** Whether `url` is the endpoint or below it, however the SDK writes its port and last slash. */
function isWithin(url: string, endpoint: string): boolean {
  const [asked, allowed] = [new URL(url), new URL(endpoint)]
  return asked.origin === allowed.origin && `${asked.pathname}/`.startsWith(allowed.pathname)
}

/**
 * The headers that the signature covers, and the signature. Others are the SDK's own: the trace id that it takes from
 * Lambda's environment, say, and a description of this machine.
 */
function signedOnly(headers: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const authorization = named.find(([name]) => name === "authorization")?.[1] ?? ""
  const signed = new Set(/SignedHeaders=([^,\s]+)/.exec(authorization)?.[1]?.split(";"))
  return Object.fromEntries(named.filter(([name]) => name === "authorization" || signed.has(name)))
}
