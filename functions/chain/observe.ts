import type middy from "@middy/core"
import { LatchkeyError, statusOf } from "../../core/errors.ts"
import type { ChainDeps, Exchange } from "./exchange.ts"
import { errorFields } from "./log.ts"

/** The first request of an instance pays for its start. */
let coldStart = true

/** The step that tells of each request, last of all: one log line, and its metrics with what was recorded on the way. */
export function observed<Event, Input, Result>(
  operation: string,
  deps: ChainDeps,
): middy.MiddlewareObj<Exchange<Event, Input>, Result> {
  return {
    after: ({ event }) => tell(event),
    onError: ({ event, error }) => tell(event, { thrown: error }),
  }

  function tell(exchange: Exchange<Event, Input>, failure?: { thrown: unknown }): void {
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
      if (status >= 500) deps.log.error("request failed", fields)
      else deps.log.info("request", fields)
      deps.metrics.count("Requests", 1, { operation, outcome: code })
      deps.metrics.time("Duration", durationMs, { operation, outcome: code })
      deps.metrics.flush()
    } catch {
      // The answer matters more than what is told of it.
    }
  }
}

const codeOf = (error: unknown) => (error instanceof LatchkeyError ? error.code : "INTERNAL")
