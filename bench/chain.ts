/**
 * What the handler chain costs per invocation: one resolve-like request through the real chain, log line and metrics
 * included, whose operation returns at once. Standard output is not written to, since what that costs depends on who
 * reads it. Medians of many rounds.
 */
import type { Context } from "aws-lambda"
import * as z from "zod/mini"
import { contextFromPrincipal } from "../core/auth/access.ts"
import { systemClock } from "../core/clock.ts"
import { defineOperation } from "../core/contract/operation.ts"
import type { App } from "../functions/app.ts"
import type { ChainDeps } from "../functions/chain/exchange.ts"
import { createLog } from "../functions/chain/log.ts"
import { createMetrics } from "../functions/chain/metrics.ts"
import { operationHandler } from "../functions/handler.ts"
import { service } from "./deployment.ts"
import { median } from "./measure.ts"
import { type Result, result } from "./results.ts"

const rounds = 60
const perRound = 1_000

const body = z.strictObject({
  value: z.unknown(),
  projectId: z.optional(z.string().check(z.maxLength(128))),
  onError: z.optional(z.enum(["fail", "report"])),
})
const operation = defineOperation({
  id: "resolve",
  method: "POST",
  path: "/resolve",
  who: ["service"],
  summary: "As resolve, answering at once",
  body: () => body,
  reply: () => z.unknown(),
  bodyLimit: 1024 * 1024,
  status: 200,
  errors: [],
})

const event = {
  headers: { "content-type": "application/json", authorization: "Bearer x", host: "api.example" },
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  requestContext: { httpMethod: "POST", authorizer: contextFromPrincipal(service) },
  body: JSON.stringify({
    value: { url: "postgres://app:{{secret://smc_V1StGXR8_Z5jdHi6B-myT/secret/data/app/password}}@db/app" },
    projectId: "project-1",
  }),
  isBase64Encoded: false,
}
const context = { getRemainingTimeInMillis: () => 20_000 } as Context

const silentLog = { info() {}, warn() {}, error() {} }
const silentMetrics = { count() {}, time() {}, flush() {} }
const base = {
  getApp: () => Promise.resolve({} as App),
  clock: systemClock,
  consoleOrigin: () => "https://console.example",
  isSampled: () => true,
}

/** The chain with validation, and what the log line and the metrics of a request add to it. */
export async function handlerChain(): Promise<Result[]> {
  const write = process.stdout.write
  process.stdout.write = () => true
  try {
    const chain = await microseconds({ ...base, log: silentLog, metrics: silentMetrics })
    const logged = await microseconds({ ...base, log: createLog(), metrics: silentMetrics })
    const whole = await microseconds({ ...base, log: createLog(), metrics: createMetrics() })
    return [
      result("the middleware chain with validation, per invocation", chain, "µs", 15),
      result("its log line", logged - chain, "µs"),
      result("its metrics", whole - logged, "µs"),
    ]
  } finally {
    process.stdout.write = write
  }
}

async function microseconds(deps: ChainDeps): Promise<number> {
  const handler = operationHandler(
    operation,
    async (_, request) => ({ body: { value: request.body.value } }),
    deps,
  )
  const samples: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    for (let i = 0; i < perRound; i++) await handler(event, context)
    samples.push(((performance.now() - start) * 1000) / perRound)
  }
  return median(samples)
}
