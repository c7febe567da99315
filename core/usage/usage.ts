import type { Clock } from "../clock.ts"
import { canonical } from "../crypto/canonical.ts"
import { createLru } from "../lru.ts"
import type { Metrics } from "../metrics.ts"

/** A path that a project, or the platform itself, resolves through a connection. */
export interface Use {
  platformId: string
  connectionId: string
  projectId?: string
  /** Canonical, without options. */
  path: string
}

/** A use with the time of its last resolve, RFC 3339, UTC: at most an hour before the last one. */
export interface LastUse extends Pick<Use, "projectId" | "path"> {
  lastResolvedAt: string
}

export interface UsagePage {
  uses: LastUse[]
  /** Where the next page begins; absent behind the last. A page may be empty and not be the last. */
  next?: string
}

export interface UsageStore {
  /** Stores the time of each use's last resolve, over what was there before. @throws where one was not, or `signal` aborts */
  touch(uses: readonly Use[], at: number, signal?: AbortSignal): Promise<void>
  /**
   * Uses of one connection within 90 days before `now`, in no order that means something.
   * @throws LatchkeyError `UNAVAILABLE`
   */
  page(
    connection: Pick<Use, "platformId" | "connectionId">,
    options: { limit: number; after?: string; now: number; signal?: AbortSignal },
  ): Promise<UsagePage>
}

/** Remembers what uses which secret: what a deletion would break. */
export interface Usage {
  /** Stores what was not stored in the last hour, until `signal` aborts; usually nothing. A failure is a metric, never an error. */
  seen(uses: readonly Use[], signal?: AbortSignal): Promise<void>
}

const hour = 3_600_000

export function createUsage(deps: {
  store: Pick<UsageStore, "touch">
  clock: Clock
  metrics: Metrics
}): Usage {
  const { store, clock, metrics } = deps
  const stored = createLru<number>(20_000, {
    maxBytes: 8 * 1024 * 1024,
    bytesOf: (_, key) => 2 * key.length,
  })
  return {
    async seen(uses, signal) {
      const now = clock.now()
      const due = new Map<string, Use>()
      const prefixOf = prefixes()
      for (const use of uses) {
        const key = prefixOf(use) + use.path
        if (now - (stored.peek(key) ?? Number.NEGATIVE_INFINITY) >= hour) due.set(key, use)
      }
      if (due.size === 0) return
      try {
        await store.touch([...due.values()], now, signal)
        for (const key of due.keys()) stored.set(key, now)
      } catch {
        metrics.count("UsageFailed")
      }
    },
  }
}

/** What the keys of one connection's uses by one project have in common: a JSON array, which ends where the path begins. */
function prefixes(): (use: Use) => string {
  let last: Use | undefined
  let prefix = ""
  return (use) => {
    const same =
      last?.connectionId === use.connectionId &&
      last.projectId === use.projectId &&
      last.platformId === use.platformId
    if (!same) prefix = canonical([use.platformId, use.connectionId, use.projectId ?? ""])
    last = use
    return prefix
  }
}
