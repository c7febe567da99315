import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import type { Metrics } from "../metrics.ts"
import type { AuditEvent } from "./event.ts"

/** An event with what orders it: `at` in milliseconds since the epoch, `item` counting within the request. */
export interface AuditItem extends AuditEvent {
  at: number
  item: number
}

export interface AuditStore {
  /** Appends one item; the same item twice is one. @throws where it was not stored */
  append(item: AuditItem): Promise<void>
}

/**
 * `required`: no answer without its record. `best-effort`: a missing record is counted in a metric.
 * `off`: none is written.
 */
export type AuditMode = "required" | "best-effort" | "off"

/** The records of one request, numbered. */
export interface RequestAudit {
  /** Stores the events. @throws LatchkeyError `UNAVAILABLE` where the mode requires them and one was not stored */
  record(events: readonly AuditEvent[]): Promise<void>
}

export interface Audit {
  request(): RequestAudit
}

export function createAudit(deps: {
  store: AuditStore
  mode: AuditMode
  clock: Clock
  metrics: Metrics
}): Audit {
  const { store, mode, clock, metrics } = deps
  return {
    request() {
      let items = 0
      return {
        async record(events) {
          if (mode === "off") return
          const at = clock.now()
          const stored = events.map((event) => store.append({ ...event, at, item: items++ }))
          const failed = (await Promise.allSettled(stored)).find((result) => result.status === "rejected")
          if (!failed) return
          metrics.count("AuditFailed")
          if (mode === "required")
            throw new LatchkeyError(
              "UNAVAILABLE",
              "The audit record of this request could not be stored, so it was not answered. Try again shortly.",
              {},
              { cause: failed.reason },
            )
        },
      }
    },
  }
}
