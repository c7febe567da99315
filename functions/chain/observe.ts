import type middy from "@middy/core"
import type { Context } from "aws-lambda"
import { LatchkeyError, statusOf } from "../../core/errors.ts"
import { type ChainDeps, type Exchange, referenceSources } from "./exchange.ts"
import { errorFields } from "./log.ts"

/** The first request of an instance pays for its start. */
let coldStart = true

/** The step that tells of each request, last of all: one log line, and its metrics with what was recorded on the way. */
export function observed<Event, Input, Result>(
  operation: string,
  deps: ChainDeps,
): middy.MiddlewareObj<Exchange<Event, Input>, Result> {
  return {
    after: ({ event, context }) => tell(event, context),
    onError: ({ event, context, error }) => tell(event, context, { thrown: error }),
  }

  function tell(
    exchange: Exchange<Event, Input>,
    { awsRequestId }: Pick<Context, "awsRequestId">,
    failure?: { thrown: unknown },
  ): void {
    const { requestId, startedAt, principal, counts } = exchange
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000
    const code = failure === undefined ? "OK" : codeOf(failure.thrown)
    const status = code === "OK" ? (exchange.status ?? 200) : statusOf[code]
    const fields = {
      requestId,
      operation,
      status,
      code,
      durationMs,
      ...(coldStart && { coldStart }),
      ...(principal !== undefined && { platformId: principal.platformId }),
      ...counts,
      ...(failure !== undefined && errorFields(failure.thrown)),
    }
    coldStart = false
    try {
      if (status >= 500) deps.log.error("request failed", { ...fields, awsRequestId })
      else if (status >= 400 || deps.isSampled()) deps.log.info("request", fields)
      deps.metrics.count("Requests", 1, { operation, outcome: code })
      deps.metrics.time("Duration", durationMs, { operation, outcome: code })
      for (const source of referenceSources)
        if (counts?.[source]) deps.metrics.count(metricOf[source], counts[source])
      deps.metrics.flush()
    } catch {
      // The answer matters more than what is told of it.
    }
  }
}

/** Metrics of their own instead of one with a dimension, which would print a line for each. */
const metricOf = {
  fetched: "ReferencesFetched",
  cached: "ReferencesFromCache",
  memory: "ReferencesFromMemory",
  stale: "ReferencesStale",
  failed: "ReferencesFailed",
} as const satisfies Record<(typeof referenceSources)[number], string>

const codeOf = (error: unknown) => (error instanceof LatchkeyError ? error.code : "INTERNAL")
