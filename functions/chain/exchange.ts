import type { Principal } from "../../core/auth/principal.ts"
import type { Clock } from "../../core/clock.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { newRequestId } from "../../core/ids.ts"
import type { App } from "../app.ts"
import type { Log } from "./log.ts"
import type { BufferedMetrics } from "./metrics.ts"

/** One request on its way through the chain: each step adds what it has established. */
export interface Exchange<Event, Input> {
  /** As Lambda handed it over. Steps read from it, operations do not. */
  readonly event: Event
  readonly requestId: string
  /** `performance.now()` at its arrival. */
  readonly startedAt: number
  /** Absent until authenticated, and on public operations. */
  principal?: Principal
  /** Absent until read and validated. */
  input?: Input
  /** Absent until the operation has succeeded. */
  status?: number
  counts?: Counts
}

/** Where the references of a resolve came from, and which came from nowhere. */
export const referenceSources = ["fetched", "cached", "memory", "stale", "failed"] as const
type ReferenceSource = (typeof referenceSources)[number]

/** What an operation wants in its log line besides what every line has. */
export type Counts = Readonly<Partial<Record<"references" | "connections" | ReferenceSource, number>>>

/** What the chain is built on; tests bring their own. */
export interface ChainDeps {
  getApp: () => Promise<App>
  clock: Clock
  log: Log
  metrics: BufferedMetrics
  consoleOrigin: () => string | undefined
  /** Whether this request's line is among those that are logged, where it succeeds. */
  isSampled: () => boolean
}

export const newExchange = <Event, Input>(event: Event): Exchange<Event, Input> => ({
  event,
  requestId: newRequestId(),
  startedAt: performance.now(),
})

/**
 * So much of the function's time, in milliseconds, is kept for answering that the rest was not enough. middy aborts the
 * operation's signal at that point.
 */
export const timeoutEarlyInMillis = 500

/** What middy races against the operation. @throws LatchkeyError `UNAVAILABLE`, always */
export function timeoutEarlyResponse(): never {
  throw new LatchkeyError("UNAVAILABLE", "The request took longer than it may. Try again, or ask for less.")
}
