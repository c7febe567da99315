import type { APIGatewayProxyResult } from "aws-lambda"
import type { Operation } from "../../core/contract/operation.ts"
import { toProblem } from "../../core/contract/problems.ts"
import { isObject } from "../../core/json.ts"
import type { Counts } from "./exchange.ts"

/** What an operation answers. */
export interface Reply<Body> {
  /** @default the operation's */
  status?: number
  /** Absent with 204, and where the operation has no reply. */
  body?: Body
  /** Lower-case names. */
  headers?: Readonly<Record<string, string>>
  /** For the log line. */
  counts?: Counts
}

/** What every response carries. The API serves data to programs: a browser must neither sniff, keep, frame nor run it. */
const fixedHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
} as const

/** Names the response, and lets the console's pages read it. */
export function baseHeaders(requestId: string, consoleOrigin: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { ...fixedHeaders, "x-request-id": requestId }
  if (consoleOrigin !== undefined) {
    headers["access-control-allow-origin"] = consoleOrigin
    headers["access-control-expose-headers"] = "etag, x-request-id, retry-after"
  }
  return headers
}

/** The operation's answer. With `etag`, the body's version becomes the entity tag that `If-Match` brings back. */
export function successResponse(
  reply: Reply<unknown>,
  operation: Pick<Operation, "status" | "etag">,
  base: Record<string, string>,
): APIGatewayProxyResult {
  const { status: statusCode = operation.status, body } = reply
  const headers = { ...reply.headers, ...base }
  if (statusCode === 204 || body === undefined) return { statusCode, headers, body: "" }
  headers["content-type"] ??= "application/json"
  if (operation.etag && isObject(body) && typeof body.version === "number") headers.etag = `"${body.version}"`
  return { statusCode, headers, body: JSON.stringify(body) }
}

/** RFC 9457; with `retry-after` where the caller should wait (RFC 9110, section 10.2.3). */
export function problemResponse(
  error: unknown,
  requestId: string,
  base: Record<string, string>,
): APIGatewayProxyResult {
  const problem = toProblem(error, requestId)
  const headers = { ...base, "content-type": "application/problem+json" }
  const seconds = problem.retryAfterSeconds ?? (problem.status === 429 ? 1 : undefined)
  if (seconds !== undefined)
    Object.assign(headers, { "retry-after": String(Math.max(1, Math.ceil(seconds))) })
  return { statusCode: problem.status, headers, body: JSON.stringify(problem) }
}
