import type { Clock } from "../clock.ts"
import { bindingOf } from "../connections/cache-epoch.ts"
import { entryName, leaseName } from "../connections/entry-names.ts"
import { type LeaseState, leaseCommand, readLease } from "../connections/lease.ts"
import type { ConnectionUse } from "../connections/use.ts"
import type { ProviderError } from "../errors.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { type Entry, openEntry } from "./entry.ts"

/** One provider request long: if the holder dies, the others wait no longer than that. */
const leaseMs = 5_000
/** Renewed before a further request once this much of it is gone. */
const renewAfterMs = 1_000
/** How long the failure of a fetch stands in its lease's place at most, so that those who wait for it stop waiting. */
const failureMs = 5_000
/** How long a lease says that nothing will come of it: those who wait look several times a second. */
const openMs = 1_000

/** What became of the wish to fetch a document: it may, or another instance does, or did and failed. */
export type Claim = "owned" | "lost" | { failed: ProviderError }

/** What a fetch that waits for another's finds. */
export type Sight = { entry: Entry } | { failed: ProviderError } | "under way" | "free"

/** Leases on fetching the documents of one connection, across instances. Never deleted, they expire. */
export interface Leases {
  /** For a pipeline: `claimed` reads the same number of replies. */
  claim(documents: readonly string[]): RedisCommand[]
  claimed(documents: readonly string[], replies: readonly RedisReply[]): Map<string, Claim>
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
  /** Tells those who wait for the document that there will be nothing to share: they fetch it for themselves. */
  open(document: string): RedisCommand
}

export function leasesOf(
  use: ConnectionUse,
  { redis, clock }: { redis: OptionalRedis; clock: Clock },
): Leases {
  const { keys, epoch } = use
  const lease = (document: string) => leaseName(keys, "fetch", epoch, document)
  /** Lost once, though no lease stood there: to a faster one, or to what is no lease at all. */
  const vanished = new Set<string>()
  let renewed = clock.now()

  return {
    claim(documents) {
      renewed = clock.now()
      return [["MGET", ...documents.map(lease)], ...documents.map((document) => hold(document, "NX"))]
    },

    claimed(documents, [standing, ...won]) {
      const bytes = bytesOf(standing)
      const absent = (i: number) => !Array.isArray(standing) || typeof standing[i] !== "string"
      return new Map(
        documents.map((document, i): [string, Claim] => {
          if (won[i] === "OK") return [document, "owned"]
          if (absent(i)) return [document, missed(document)]
          const state = readLease(keys, bindingOf(epoch, document), bytes[i], clock.now())
          if (state?.kind === "failed") return [document, { failed: state.error }]
          return [document, state?.kind === "held" ? "lost" : "owned"]
        }),
      )
    },

    async renew(documents) {
      if (clock.now() - renewed < renewAfterMs) return
      renewed = clock.now()
      await redis.ask(documents.map((document) => hold(document, "XX")))
    },

    async look(documents, also) {
      const entries = documents.map((document) =>
        entryName(keys, "document", epoch.platformId, epoch.connectionId, document),
      )
      const replies = await redis.ask([["MGET", ...entries], ["MGET", ...documents.map(lease)], ...also])
      const stored = bytesOf(replies?.[0])
      const leased = bytesOf(replies?.[1])
      return new Map(documents.map((document, i) => [document, sightOf(document, stored[i], leased[i])]))
    },

    publish(document, error, until = Number.POSITIVE_INFINITY) {
      const ttlMs = Math.max(1, Math.min(failureMs, until - clock.now()))
      return write(document, { kind: "failed", error }, ttlMs)
    },

    endBy(document, freshUntil) {
      const left = freshUntil - clock.now()
      return left < leaseMs ? [write(document, { kind: "held" }, Math.max(1, left))] : []
    },

    open: (document) => write(document, { kind: "open" }, openMs),
  }

  function missed(document: string): Claim {
    if (vanished.has(document)) return "owned"
    vanished.add(document)
    return "lost"
  }

  /** What is no lease, or one that is open, is free: competing for it tells the two apart. */
  function sightOf(document: string, stored: Buffer | undefined, leased: Buffer | undefined): Sight {
    const binding = bindingOf(epoch, document)
    const entry = stored && openEntry(keys, binding, stored)
    if (entry && entry.freshUntil > clock.now()) return { entry }
    const state = readLease(keys, binding, leased, clock.now())
    if (state?.kind === "failed") return { failed: state.error }
    return state?.kind === "held" ? "under way" : "free"
  }

  function hold(document: string, when: "NX" | "XX"): RedisCommand {
    return write(document, { kind: "held" }, leaseMs, when)
  }

  function write(document: string, state: LeaseState, ttlMs: number, when?: "NX" | "XX"): RedisCommand {
    const named = { keys, name: lease(document), binding: bindingOf(epoch, document) }
    return leaseCommand(named, state, { ttlMs, now: clock.now(), ...(when && { when }) })
  }
}
