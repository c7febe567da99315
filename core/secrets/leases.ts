import type { Clock } from "../clock.ts"
import { openError, sealError } from "../connections/sealed-error.ts"
import { bindingOf, entryName, leaseName } from "../connections/tuple.ts"
import type { ConnectionUse } from "../connections/use.ts"
import type { ProviderError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import type { Helper } from "../redis/tolerant.ts"
import { type Entry, openEntry } from "./entry.ts"

/** One provider request long: if the holder dies, the others wait no longer than that. */
const leaseMs = 5_000
/** Renewed before a further request once this much of it is gone. */
const renewAfterMs = 1_000
/** How long the failure of a fetch stands in its lease's place, so that those who wait for it stop waiting. */
const failureMs = 5_000

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
  /** What became of documents that another instance is fetching. While Redis is out of reach all are free. */
  look(documents: readonly string[]): Promise<Map<string, Sight>>
  /** Puts the failure in the lease's place. */
  publish(document: string, error: ProviderError): RedisCommand
}

export function leasesOf(use: ConnectionUse, { helper, clock }: { helper: Helper; clock: Clock }): Leases {
  const { keys, tuple } = use
  const holder = newNonce()
  const lease = (document: string) => leaseName(keys, "fetch", tuple, document)
  let renewed = clock.now()

  return {
    claim(documents) {
      renewed = clock.now()
      const names = documents.map(lease)
      return [["MGET", ...names], ...names.map((name): RedisCommand => ["SET", name, holder, leaseMs, "NX"])]
    },

    claimed(documents, [standing, ...won]) {
      const bytes = bytesOf(standing)
      return new Map(
        documents.map((document, i): [string, Claim] => {
          const failed = won[i] === "OK" ? undefined : failureIn(document, bytes[i])
          return [document, won[i] === "OK" ? "owned" : failed ? { failed } : "lost"]
        }),
      )
    },

    async renew(documents) {
      if (clock.now() - renewed < renewAfterMs) return
      renewed = clock.now()
      await helper.ask(documents.map((document) => ["SET", lease(document), holder, leaseMs, "XX"]))
    },

    async look(documents) {
      const entries = documents.map((document) =>
        entryName(keys, "document", tuple.platformId, tuple.connectionId, document),
      )
      const replies = await helper.ask([
        ["MGET", ...entries],
        ["MGET", ...documents.map(lease)],
      ])
      const stored = bytesOf(replies?.[0])
      const leased = bytesOf(replies?.[1])
      return new Map(documents.map((document, i) => [document, sightOf(document, stored[i], leased[i])]))
    },

    publish(document, error) {
      const known = { error, freshUntil: clock.now() + failureMs }
      const sealed = sealError(keys, "failure", bindingOf(tuple, document), known, clock.now())
      return ["SET", lease(document), sealed, failureMs]
    },
  }

  function sightOf(document: string, stored: Buffer | undefined, leased: Buffer | undefined): Sight {
    const entry = stored && openEntry(keys, bindingOf(tuple, document), stored)
    if (entry && entry.freshUntil > clock.now()) return { entry }
    const failed = failureIn(document, leased)
    if (failed) return { failed }
    return leased === undefined ? "free" : "under way"
  }

  /** What stands in a lease's place is its holder's name, or why its fetch failed. */
  function failureIn(document: string, leased: Buffer | undefined): ProviderError | undefined {
    const failure = leased && openError(keys, "failure", bindingOf(tuple, document), leased)
    return failure && failure.freshUntil > clock.now() ? failure.error : undefined
  }
}
