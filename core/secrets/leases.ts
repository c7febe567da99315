import type { Clock } from "../clock.ts"
import type { ProviderError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import type { Helper } from "../redis/tolerant.ts"
import { type Entry, openEntry, openError, sealError } from "./entry.ts"
import { bindingOf, entryName, leaseName } from "./tuple.ts"
import type { ConnectionUse } from "./use.ts"

/** One provider request long: if the holder dies, the others wait no longer than that. */
const leaseMs = 5_000
/** Renewed before a further request once this much of it is gone. */
const renewAfterMs = 1_000
/** How long the failure of a fetch stands in its lease's place, so that those who wait for it stop waiting. */
export const failureMs = 5_000

/** What a fetch that waits for another's finds. */
export type Sight = { entry: Entry } | { failed: ProviderError } | "under way" | "free" | "redis gone"

/** Leases on fetching the documents of one connection, across instances. Never deleted, they expire. */
export interface Leases {
  /** For the pipeline that a fetch asks at its start: one reply per document, "OK" for those it owns now. */
  claim(documents: readonly string[]): RedisCommand[]
  /** Before each request to the provider: prolongs the leases on `documents` when due. */
  renew(documents: readonly string[]): Promise<void>
  /** What became of documents that another instance is fetching. */
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
      return documents.map((document) => ["SET", lease(document), holder, leaseMs, "NX"])
    },

    async renew(documents) {
      if (clock.now() - renewed < renewAfterMs) return
      renewed = clock.now()
      await helper.ask(documents.map((document) => ["SET", lease(document), holder, leaseMs, "XX"]))
    },

    async look(documents) {
      const names = documents.flatMap((document) => [
        entryName(keys, "document", tuple.platformId, tuple.connectionId, document),
        lease(document),
      ])
      const replies = await helper.ask([["MGET", ...names]])
      const values = rawValues(replies?.[0])
      const bytes = bytesOf(replies?.[0])
      return new Map(
        documents.map((document, i) => {
          if (replies === undefined) return [document, "redis gone"]
          return [document, sight(document, bytes[2 * i], bytes[2 * i + 1], values[2 * i + 1] ?? null)]
        }),
      )
    },

    publish(document, error) {
      const entry = { kind: "negative", error, freshUntil: clock.now() + failureMs } as const
      const sealed = sealError(keys, "failure", bindingOf(tuple, document), entry, clock.now())
      return ["SET", lease(document), sealed, failureMs]
    },
  }

  function sight(
    document: string,
    stored: Buffer | undefined,
    leased: Buffer | undefined,
    lease: string | null,
  ): Sight {
    const binding = bindingOf(tuple, document)
    const entry = stored && openEntry(keys, binding, stored)
    if (entry && entry.freshUntil > clock.now()) return { entry }
    const failure = leased && openError(keys, "failure", binding, leased)
    if (failure && failure.freshUntil > clock.now()) return { failed: failure.error }
    return lease === null ? "free" : "under way"
  }
}

function rawValues(reply: RedisReply | undefined): readonly (string | null)[] {
  return Array.isArray(reply) ? reply : []
}
