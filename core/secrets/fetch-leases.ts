import type { Clock } from "../clock.ts"
import { bindingOf } from "../connections/cache-epoch.ts"
import { entryName } from "../connections/entry-names.ts"
import { type Leases, leaseMs, leasesOf } from "../connections/leases.ts"
import type { ConnectionUse } from "../connections/use.ts"
import type { ProviderError } from "../errors.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { type Entry, openEntry } from "./entry.ts"

/** Renewed before a further request once this much of it is gone. */
const renewAfterMs = 1_000
/** How long the failure of a fetch stands in its lease's place at most, so that those who wait for it stop waiting. */
const failureMs = 5_000

/** What a fetch that waits for another's finds. */
export type Sight = { entry: Entry } | { failed: ProviderError } | "under way" | "free"

/** Leases on fetching the documents of one connection. */
export interface FetchLeases extends Pick<Leases, "claim" | "claimed" | "open"> {
  /** Before each request to the provider: prolongs the leases on `documents` when due. */
  renew(documents: readonly string[]): Promise<void>
  /**
   * What became of documents that another instance is fetching. While Redis is out of reach all are free. `also` is asked
   * with it.
   */
  look(documents: readonly string[], also: readonly RedisCommand[]): Promise<Map<string, Sight>>
  /** Puts the failure in the lease's place; `until`, in milliseconds, where it is known to end sooner than usual. */
  publish(document: string, error: ProviderError, until?: number): RedisCommand
  /** Lets the lease end when what was fetched stops being fresh, where that is sooner: the next fetch must not wait for it. */
  endBy(document: string, freshUntil: number): RedisCommand[]
}

export function fetchLeasesOf(
  use: ConnectionUse,
  { redis, clock }: { redis: OptionalRedis; clock: Clock },
): FetchLeases {
  const { keys, epoch } = use
  const leases = leasesOf(use, "fetch", { clock })
  let renewed = clock.now()

  return {
    claim(documents) {
      renewed = clock.now()
      return leases.claim(documents)
    },

    claimed: leases.claimed,

    async renew(documents) {
      if (clock.now() - renewed < renewAfterMs) return
      renewed = clock.now()
      await redis.ask(documents.map(leases.renew))
    },

    async look(documents, also) {
      const entries = documents.map((document) =>
        entryName(keys, "document", epoch.platformId, epoch.connectionId, document),
      )
      const replies = await redis.ask([
        ["MGET", ...entries],
        ["MGET", ...documents.map(leases.nameOf)],
        ...also,
      ])
      const stored = bytesOf(replies?.[0])
      const leased = bytesOf(replies?.[1])
      return new Map(documents.map((document, i) => [document, sightOf(document, stored[i], leased[i])]))
    },

    publish(document, error, until = Number.POSITIVE_INFINITY) {
      return leases.publish(document, error, Math.min(failureMs, until - clock.now()))
    },

    endBy(document, freshUntil) {
      const left = freshUntil - clock.now()
      return left < leaseMs ? [leases.end(document, left)] : []
    },

    open: leases.open,
  }

  function sightOf(document: string, stored: Buffer | undefined, leased: Buffer | undefined): Sight {
    const entry = stored && openEntry(keys, bindingOf(epoch, document), stored)
    return entry && entry.freshUntil > clock.now() ? { entry } : leases.read(document, leased)
  }
}
