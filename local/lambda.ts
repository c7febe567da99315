import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Context } from "aws-lambda"
import { type Clock, systemClock } from "../core/clock.ts"
import { type Counter, createCounter } from "./counter.ts"
import { type Faults, noFaults, withFaults } from "./faults.ts"
import { functionArn, lambdaContext } from "./gateway-event.ts"
import { type LocalServer, listen, readBody } from "./http-server.ts"

export type FunctionHandler = (event: unknown, context: Context) => unknown

export interface LambdaOptions {
  /** By name; each is loaded on its first invocation. */
  functions: Readonly<Record<string, () => Promise<FunctionHandler>>>
  /** What each function may be invoked by, besides `$LATEST`. */
  aliases: readonly string[]
  port?: number
  /** Stands in ARNs. Default `us-east-1`. */
  region?: string
  /** How long a function may take, in milliseconds. Default 29 s. */
  timeoutMs?: number
  clock?: Clock
  /** Told of what a function threw: what Lambda would have logged. */
  onError?: (name: string, error: unknown) => void
}

export interface LambdaServer extends LocalServer {
  /** Invocations by the function's name; `none` for what names none. */
  requests: Counter
  faults: Faults
}

/** What Lambda takes and gives, in bytes. */
const maxPayloadBytes = 6 * 1024 * 1024

/**
 * Lambda's `Invoke` for one machine, so that clients of Lambda invoke functions of this process: synchronously, by name or
 * ARN, with the alias in either or as `Qualifier`. Signatures must be there but are not verified.
 * Protocol: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export async function startLambda(options: LambdaOptions): Promise<LambdaServer> {
  const requests = createCounter()
  const faults = noFaults()
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(options, request, response).catch(() => response.destroy())
  const nameOf = ({ url = "/" }: IncomingMessage) => targetOf(url)?.name ?? "none"
  const { port = 0 } = options
  const server = await listen(withFaults(listener, { faults, counter: requests, nameOf }), {
    port,
    graceMs: 20_000,
  })
  return { ...server, requests, faults }
}

/** An error of the service itself, as opposed to one of the function. */
class LambdaError extends Error {
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

async function answer(options: LambdaOptions, request: IncomingMessage, response: ServerResponse) {
  const body = await readBody(request, maxPayloadBytes)
  response.setHeader("x-amzn-requestid", randomUUID())
  response.setHeader("content-type", "application/json")
  try {
    const { payload, headers } = await invoke(options, request, body)
    response.writeHead(200, headers).end(payload)
  } catch (error) {
    const known =
      error instanceof LambdaError
        ? error
        : new LambdaError(500, "ServiceException", "The sandbox's Lambda failed.")
    response.writeHead(known.status, { "x-amzn-errortype": known.type })
    response.end(JSON.stringify({ Type: known.status < 500 ? "User" : "Service", Message: known.message }))
  }
}

async function invoke(options: LambdaOptions, request: IncomingMessage, body: Buffer | undefined) {
  const { functions, aliases, region = "us-east-1", timeoutMs = 29_000, clock = systemClock } = options
  const target = request.method === "POST" ? targetOf(request.url ?? "/") : undefined
  if (target === undefined)
    throw new LambdaError(404, "UnknownOperationException", "The sandbox's Lambda answers Invoke alone.")
  if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 "))
    throw new LambdaError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
  if ((request.headers["x-amz-invocation-type"] ?? "RequestResponse") !== "RequestResponse")
    throw new LambdaError(400, "InvalidParameterValueException", "The sandbox invokes by RequestResponse.")
  if (body === undefined)
    throw new LambdaError(
      413,
      "RequestTooLargeException",
      `Request must be smaller than ${maxPayloadBytes} bytes for the InvokeFunction operation`,
    )

  const { name, qualifiers } = target
  const [qualifier] = qualifiers
  if (new Set(qualifiers).size > 1)
    throw new LambdaError(
      400,
      "InvalidParameterValueException",
      "The derived qualifier from the function name does not match the specified qualifier.",
    )
  const arn = functionArn(region, name) + (qualifier === undefined ? "" : `:${qualifier}`)
  const load = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (load === undefined || !(qualifier === undefined || [...aliases, "$LATEST"].includes(qualifier)))
    throw new LambdaError(404, "ResourceNotFoundException", `Function not found: ${arn}`)
  const event = parse(body)
  const context = lambdaContext(name, randomUUID(), timeoutMs, region, clock)
  try {
    const handler = await load()
    const result = await inTime(handler(event, { ...context, invokedFunctionArn: arn }), timeoutMs)
    const payload = JSON.stringify(result) ?? "null"
    if (Buffer.byteLength(payload) > maxPayloadBytes)
      throw new FunctionError("Function.ResponseSizeTooLarge", "Response payload size exceeded")
    return { payload, headers: { "x-amz-executed-version": "$LATEST" } }
  } catch (error) {
    options.onError?.(name, error)
    const { errorType, message } =
      error instanceof FunctionError ? error : { errorType: "Error", message: "" }
    return {
      payload: JSON.stringify({ errorType, errorMessage: message }),
      headers: { "x-amz-executed-version": "$LATEST", "x-amz-function-error": "Unhandled" },
    }
  }
}

/** Why Lambda ended an invocation. What a function throws itself is told to `onError` only. */
class FunctionError extends Error {
  readonly errorType: string

  constructor(errorType: string, message: string) {
    super(message)
    this.errorType = errorType
  }
}

async function inTime(work: unknown, timeoutMs: number): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(new FunctionError("Sandbox.Timedout", `Task timed out after ${timeoutMs / 1000} seconds`)),
    timeoutMs,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

interface Target {
  name: string
  /** Those that the request gives: one in the name, one in the query. */
  qualifiers: string[]
}

/**
 * The function that a request names: `name`, `account:function:name` or an ARN, each with or without `:alias`; the alias
 * may stand in the query too. Undefined where it is no invocation.
 */
function targetOf(url: string): Target | undefined {
  const parsed = URL.parse(url, "http://127.0.0.1")
  const encoded = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/.exec(parsed?.pathname ?? "")?.[1]
  const [, name, alias] = nameForm.exec(decode(encoded ?? "")) ?? []
  if (name === undefined) return undefined
  return { name, qualifiers: [alias, parsed?.searchParams.get("Qualifier")].filter((one) => one != null) }
}

const nameForm = /^(?:(?:arn:aws:lambda:[a-z0-9-]+:)?\d{12}:function:)?([\w-]+)(?::([\w$-]+))?$/

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    throw new LambdaError(400, "InvalidRequestContentException", "Could not parse request body into json")
  }
}
