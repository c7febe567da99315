import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { type Clock, systemClock } from "../core/clock.ts"
import { unknownRoute } from "../core/contract/problems.ts"
import { LatchkeyError } from "../core/errors.ts"
import { baseHeaders } from "../functions/chain/reply.ts"
import { type Counter, createCounter } from "./counter.ts"
import { type Faults, noFaults, withFaults } from "./faults.ts"
import { type AuthorizerHandler, createAuthorizer } from "./gateway-authorizer.ts"
import {
  authorizerEvent,
  type GatewayRequest,
  type HttpResult,
  httpResult,
  lambdaContext,
  proxyEvent,
} from "./gateway-event.ts"
import { type LocalServer, listen, readBody } from "./http-server.ts"

export type OperationHandler = (event: APIGatewayProxyEvent, context: Context) => unknown

/** A route of the contract that a request fits. */
export interface GatewayRoute {
  operation: string
  /** With parameters in braces, base path included. */
  resource: string
  /** Behind no authorizer. */
  public: boolean
}

export interface GatewayOptions {
  routes: {
    /** `path` is the URL's pathname, still encoded. */
    match(method: string, path: string): GatewayRoute | undefined
  }
  /** Loads an operation's function on its first request. */
  handlers: Readonly<Record<string, () => Promise<OperationHandler>>>
  authorizer: () => Promise<AuthorizerHandler>
  /** The body of an error that the gateway answers itself, in the service's shape. */
  problem: (error: unknown, requestId: string) => { status: number }
  /** The console's, the one origin whose pages may call. */
  consoleOrigin?: string
  port?: number
  /** Default `sandbox`. */
  stage?: string
  /** Stands in ARNs. Default `us-east-1`. */
  region?: string
  /** How long a function may take, in milliseconds. Default 29 s, as API Gateway waits. */
  timeoutMs?: number
  clock?: Clock
  /** Told of what a function threw: what Lambda would have logged. */
  onError?: (operation: string, error: unknown) => void
}

export interface Gateway extends LocalServer {
  /** By operation; `none` where no route fits. */
  requests: Counter
  faults: Faults
}

/** What API Gateway takes of a request, and what Lambda takes and gives, in bytes. */
const maxRequestBytes = 10 * 1024 * 1024
const maxEventBytes = 6 * 1024 * 1024

const corsHeaders = {
  "access-control-allow-methods": "GET,POST,PATCH,DELETE,OPTIONS",
  "access-control-allow-headers": "authorization,content-type,if-match",
  "access-control-expose-headers": "etag,x-request-id,retry-after",
  "access-control-max-age": "600",
}

/**
 * API Gateway for one machine: turns HTTP requests into the events of a REST API with Lambda proxy integrations, lets
 * the authorizer judge them, runs the operation's own function in this process and turns its result into the answer.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { consoleOrigin, port = 0, routes } = options
  const requests = createCounter()
  const faults = noFaults()
  const invoke = createInvoker(options)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = randomUUID()
    let result: HttpResult
    try {
      const method = request.method ?? ""
      const url = new URL(request.url ?? "/", "http://127.0.0.1")
      const route = routes.match(method, url.pathname)
      if (method === "OPTIONS")
        result = { status: 204, headers: ownHeaders(id, consoleOrigin), body: Buffer.alloc(0) }
      else if (route === undefined)
        throw new LatchkeyError("ENTITY_NOT_FOUND", unknownRoute.detail, { hint: unknownRoute.hint })
      else result = await invoke(id, route, url, request)
    } catch (error) {
      result = problemResult(options.problem(error, id), id, consoleOrigin)
    }
    response.writeHead(result.status, [...result.headers, "content-length", String(result.body.length)])
    response.end(result.body)
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response).catch(() => response.destroy())
  const nameOf = ({ method = "", url = "/" }: IncomingMessage) =>
    routes.match(method, url.split("?", 1)[0] ?? "/")?.operation ?? "none"
  const server = await listen(withFaults(listener, { faults, counter: requests, nameOf }), {
    port,
    graceMs: 20_000,
    ...(consoleOrigin !== undefined && { origins: [consoleOrigin] }),
  })
  return { ...server, requests, faults }
}

/** Everything behind the routing: body, authorizer, function. What it throws becomes a problem. */
function createInvoker(options: GatewayOptions) {
  const {
    handlers,
    stage = "sandbox",
    region = "us-east-1",
    timeoutMs = 29_000,
    clock = systemClock,
  } = options
  const authorizer = createAuthorizer(options.authorizer, clock)

  async function principalOf(
    request: GatewayRequest,
    authorization: string | undefined,
  ): Promise<Record<string, string>> {
    try {
      const context = lambdaContext("authorizer", request.id, timeoutMs, region, clock)
      return await authorizer.authorize(authorization, authorizerEvent(request, clock), context)
    } catch (error) {
      if (!(error instanceof LatchkeyError)) options.onError?.("authorizer", error)
      throw error
    }
  }

  return async (id: string, route: GatewayRoute, url: URL, http: IncomingMessage): Promise<HttpResult> => {
    const body = await readBody(http, maxRequestBytes)
    if (body === undefined) throw tooLarge("Requests are limited to 10 MiB.")
    const request: GatewayRequest = {
      id,
      method: http.method ?? "",
      url,
      rawHeaders: http.rawHeaders,
      sourceIp: http.socket.remoteAddress ?? "127.0.0.1",
      resource: route.resource,
      stage,
      region,
    }
    const principal = route.public ? undefined : await principalOf(request, http.headers.authorization)
    const event = proxyEvent(request, body.toString("utf8"), principal, clock)
    if (Buffer.byteLength(JSON.stringify(event)) > maxEventBytes)
      throw tooLarge("Lambda takes 6 MiB, the request's escapes as JSON included.")
    const load = handlers[route.operation]
    if (load === undefined) throw new Error(`No function serves ${route.operation}.`)
    try {
      const context = lambdaContext(route.operation, randomUUID(), timeoutMs, region, clock)
      const result = await inTime((await load())(event, context), timeoutMs)
      const answer = httpResult(result)
      if (answer === undefined) throw new Error("The function's result is not one that API Gateway can read.")
      if (Buffer.byteLength(JSON.stringify(result)) > maxEventBytes)
        throw new Error("The function's result is larger than Lambda returns.")
      return answer
    } catch (error) {
      options.onError?.(route.operation, error)
      throw error instanceof LatchkeyError ? error : new Error("The function failed.", { cause: error })
    }
  }
}

async function inTime(work: unknown, timeoutMs: number): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new LatchkeyError("UNAVAILABLE", "The function did not answer in time.")),
    timeoutMs,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

const tooLarge = (message: string) => new LatchkeyError("PAYLOAD_TOO_LARGE", message)

/** What the gateway answers itself looks like the functions' answers. */
function ownHeaders(id: string, consoleOrigin: string | undefined): string[] {
  const cors = consoleOrigin !== undefined && { vary: "origin", ...corsHeaders }
  return Object.entries({ ...baseHeaders(id, consoleOrigin), ...cors }).flat()
}

function problemResult(
  problem: { status: number },
  id: string,
  consoleOrigin: string | undefined,
): HttpResult {
  return {
    status: problem.status,
    headers: ["content-type", "application/problem+json", ...ownHeaders(id, consoleOrigin)],
    body: Buffer.from(JSON.stringify(problem)),
  }
}
