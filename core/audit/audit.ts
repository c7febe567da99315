import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import type { Metrics } from "../metrics.ts"
import type { AuditAction, AuditEvent } from "./event.ts"

/** An event with what orders it: `at` in milliseconds since the epoch, `item` counting within the request. */
export interface AuditItem extends AuditEvent {
  at: number
  item: number
}

/** Which items of a platform. By connection and by actor they are found at any distance; else hour by hour. */
export interface AuditQuery {
  platformId: string
  connectionId?: string
  actor?: string
  action?: AuditAction
  /** In milliseconds, inclusive. */
  from: number
  /** Where the page ends, exclusive: what `timePosition` or `positionOf` gave. */
  before: string
}

export interface AuditPage {
  /** The newest first. */
  items: AuditItem[]
  /** The next page's `before`; absent behind the last. A page may be short, or empty, and not be the last. */
  next?: string
}

export interface AuditStore {
  /** Appends one item; the same item twice is one. @throws where it was not stored, or `signal` aborts before that is known */
  append(item: AuditItem, signal?: AbortSignal): Promise<void>
  /**
   * Items that have not expired, up to `limit` and about `maxBytes`. Reads at most 48 hours where neither connection nor
   * actor is named, and never what the query does not lead to.
   * @throws LatchkeyError `UNAVAILABLE`
   */
  page(
    query: AuditQuery,
    options: { limit: number; maxBytes: number; now: number; signal?: AbortSignal },
  ): Promise<AuditPage>
}

/** Orders a platform's items by time; no two have the same. */
export const positionOf = ({ at, requestId, item }: AuditItem): string =>
  `${timePosition(at)}#${requestId}#${item}`

/** Stands before every item of that millisecond, and behind all earlier ones. */
export const timePosition = (at: number): string => new Date(at).toISOString()

/**
 * `required`: no answer without its record. `best-effort`: a missing record is counted in a metric.
 * `off`: none is written.
 */
export type AuditMode = "required" | "best-effort" | "off"

/** The records of one request, numbered. */
export interface RequestAudit {
  /**
   * Stores the events, until `signal` aborts.
   * @throws LatchkeyError `UNAVAILABLE` where the mode requires them and one was not stored
   */
  record(events: readonly AuditEvent[], signal?: AbortSignal): Promise<void>
}

export interface Audit {
  request(): RequestAudit
}

export function createAudit(deps: {
  store: Pick<AuditStore, "append">
  mode: AuditMode
  clock: Clock
  metrics: Metrics
}): Audit {
  const { store, mode, clock, metrics } = deps
  return {
    request() {
      let items = 0
      return {
        async record(events, signal) {
          if (mode === "off" || events.length === 0) return
          const at = clock.now()
          const stored = events.map((event) => store.append({ ...event, at, item: items++ }, signal))
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
