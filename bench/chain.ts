/**
 * What the handler chain costs per invocation, by `node bench/chain.ts`: one resolve-like request through the real chain, log
 * line and metrics included, whose operation returns at once. Standard output is not written to, since what that costs
 * depends on who reads it. Medians of many rounds; the budget is performance.md's.
 */
import type { Context } from "aws-lambda"
import * as z from "zod"
import { contextFromPrincipal } from "../core/auth/access.ts"
import { systemClock } from "../core/clock.ts"
import { defineOperation } from "../core/contract/operation.ts"
import type { App } from "../functions/app.ts"
import type { ChainDeps } from "../functions/chain/exchange.ts"
import { createLog } from "../functions/chain/log.ts"
import { createMetrics } from "../functions/chain/metrics.ts"
import { operationHandler } from "../functions/handler.ts"

const budgetMicroseconds = 15
const rounds = 60
const perRound = 2_000

const body = z.strictObject({
  value: z.unknown(),
  projectId: z.string().max(128).optional(),
  onError: z.enum(["fail", "report"]).optional(),
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
  requestContext: {
    httpMethod: "POST",
    authorizer: contextFromPrincipal({
      platformId: "acme",
      subject: "engine",
      type: "SERVICE",
      role: "MEMBER",
      expiresAt: 4_000_000_000,
    }),
  },
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
  samples.sort((a, b) => a - b)
  return samples[rounds / 2] ?? Number.NaN
}

const write = process.stdout.write
process.stdout.write = () => true
const chain = await microseconds({ ...base, log: silentLog, metrics: silentMetrics })
const logged = await microseconds({ ...base, log: createLog(), metrics: silentMetrics })
const whole = await microseconds({ ...base, log: createLog(), metrics: createMetrics() })
process.stdout.write = write

const line = (name: string, value: number) =>
  console.log(`${name.padEnd(38)} ${value.toFixed(1).padStart(6)} µs`)
line("chain with validation", chain)
line("its log line", logged - chain)
line("its metrics", whole - logged)
line("in all", whole)
console.log(
  `budget for the chain with validation: ${budgetMicroseconds} µs: ${chain <= budgetMicroseconds ? "holds" : "exceeded"}`,
)
