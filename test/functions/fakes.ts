import type { Context } from "aws-lambda"
import { vi } from "vitest"
import { contextFromPrincipal } from "../../core/auth/access.ts"
import type { Principal } from "../../core/auth/principal.ts"
import type { App } from "../../functions/app.ts"
import type { ChainDeps } from "../../functions/chain/exchange.ts"
import { createLog } from "../../functions/chain/log.ts"
import { createMetrics } from "../../functions/chain/metrics.ts"
import { movedClock } from "../support/moved-clock.ts"

export const admin: Principal = {
  platformId: "acme",
  subject: "admin-1",
  type: "USER",
  role: "ADMIN",
  expiresAt: 4_000_000_000,
}

export const service: Principal = { ...admin, subject: "engine", type: "SERVICE", role: "MEMBER" }
export const member: Principal = { ...admin, subject: "user-1", role: "MEMBER", projectIds: ["p1"] }

export function fakeDeps(change: Partial<ChainDeps> = {}): ChainDeps {
  return {
    getApp: () => Promise.resolve({ directCallers: [] } as unknown as App),
    clock: movedClock(Date.UTC(2030, 0, 1)),
    log: createLog(),
    metrics: createMetrics(),
    consoleOrigin: () => undefined,
    isSampled: () => true,
    ...change,
  }
}

/** What API Gateway sends for a request with this body, by this caller. */
export function apiEvent(
  body?: unknown,
  change: Record<string, unknown> = {},
  principal: Principal | undefined = admin,
) {
  return {
    resource: "/",
    path: "/",
    httpMethod: "POST",
    headers: { "Content-Type": "application/json" },
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      httpMethod: "POST",
      ...(principal !== undefined && { authorizer: contextFromPrincipal(principal) }),
    },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    isBase64Encoded: false,
    ...change,
  }
}

export const lambdaContext = (change: Partial<Context> = {}) =>
  ({ awsRequestId: "aws-1", getRemainingTimeInMillis: () => 20_000, ...change }) as Context

/** Everything printed from here on, line by line. */
export function capturedOutput() {
  const lines: string[] = []
  const capture = (chunk: unknown) => {
    lines.push(...String(chunk).trimEnd().split("\n"))
    return true
  }
  vi.spyOn(process.stdout, "write").mockImplementation(capture)
  vi.spyOn(process.stderr, "write").mockImplementation(capture)
  return {
    lines,
    logs: () => lines.map(parsed).filter((line) => line._aws === undefined),
    metrics: () => lines.map(parsed).filter((line) => line._aws !== undefined),
  }
}

/** An error's line begins as Lambda's own do. */
const parsed = (line: string) => JSON.parse(line.replace(/^\S+\t\S+\tERROR\t/, ""))
