import type { Clock } from "../clock.ts"
import { openJson, sealJson } from "../crypto/seal.ts"
import type { ProviderError } from "../errors.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { bindingOf } from "./cache-epoch.ts"
import { leaseName } from "./entry-names.ts"
import { type ErrorBody, fromErrorBody, toErrorBody } from "./sealed-error.ts"
import type { ConnectionUse } from "./use.ts"

/** One provider request long: if the holder dies, the others wait no longer than that. */
export const leaseMs = 5_000
/** How long a lease says that nothing will come of it: those who wait look several times a second. */
const openMs = 1_000
/** Instances' clocks may differ a little, and Redis counts from when a command arrives. */
const toleranceMs = 1_000

/** What became of the wish to do something: it may be done, or another instance does it, or did and failed. */
export type Claim = "owned" | "lost" | { failed: ProviderError }

/**
 * Leases on what is done once across instances: fetching a document of a connection, or (document `""`) logging in to it.
 * They are named by the whole epoch, sealed as everything in Redis is, and never deleted: they expire.
 */
export interface Leases {
  /** For a pipeline: `claimed` reads the same number of replies. */
  claim(documents: readonly string[]): RedisCommand[]
  claimed(documents: readonly string[], replies: readonly RedisReply[]): Map<string, Claim>
  /** Prolongs a lease that is held. */
  renew(document: string): RedisCommand
  /** Where a lease stands in Redis, for those who wait for it; `read` tells what they find there. */
  nameOf(document: string): string
  read(document: string, sealed: Buffer | undefined): "under way" | "free" | { failed: ProviderError }
  /** Puts a failure in the lease's place, for so long: those who wait for it stop waiting. */
  publish(document: string, error: ProviderError, ttlMs: number): RedisCommand
  /** Lets the lease end that soon: whoever comes then must not wait. */
  end(document: string, ttlMs: number): RedisCommand
  /** Tells those who wait that there will be nothing to share: they do it for themselves. */
  open(document: string): RedisCommand
}

type State = { kind: "held" } | { kind: "failed"; error: ProviderError } | { kind: "open" }

/** `f`: until when. */
type SealedState = { f: number } & ({ k: "held" | "open" } | ({ k: "failed" } & ErrorBody))

export function leasesOf(
  { keys, epoch }: ConnectionUse,
  purpose: "fetch" | "login",
  { clock }: { clock: Clock },
): Leases {
  const nameOf = (document: string) => leaseName(keys, purpose, epoch, document)
  /** Lost once, though no lease stood there: to a faster one, or to what is no lease at all. */
  const vanished = new Set<string>()

  return {
    nameOf,

    claim: (documents) => [
      ["MGET", ...documents.map(nameOf)],
      ...documents.map((document) => write(document, { kind: "held" }, leaseMs, "NX")),
    ],

    claimed(documents, [standing, ...won]) {
      const bytes = bytesOf(standing)
      const absent = (i: number) => !Array.isArray(standing) || typeof standing[i] !== "string"
      return new Map(
        documents.map((document, i): [string, Claim] => {
          if (won[i] === "OK") return [document, "owned"]
          if (absent(i)) return [document, missed(document)]
          const state = stateOf(document, bytes[i])
          if (state?.kind === "failed") return [document, { failed: state.error }]
          return [document, state?.kind === "held" ? "lost" : "owned"]
        }),
      )
    },

    renew: (document) => write(document, { kind: "held" }, leaseMs, "XX"),

    // What is no lease, or one that is open, is free: competing for it tells the two apart.
    read(document, sealed) {
      const state = stateOf(document, sealed)
      if (state?.kind === "failed") return { failed: state.error }
      return state?.kind === "held" ? "under way" : "free"
    },

    publish: (document, error, ttlMs) => write(document, { kind: "failed", error }, Math.max(1, ttlMs)),

    end: (document, ttlMs) => write(document, { kind: "held" }, Math.max(1, ttlMs)),

    open: (document) => write(document, { kind: "open" }, openMs),
  }

  function missed(document: string): Claim {
    if (vanished.has(document)) return "owned"
    vanished.add(document)
    return "lost"
  }

  function write(document: string, state: State, ttlMs: number, when?: "NX" | "XX"): RedisCommand {
    const now = clock.now()
    const f = now + ttlMs + toleranceMs
    const body: SealedState =
      state.kind === "failed" ? { f, k: "failed", ...toErrorBody(state.error) } : { f, k: state.kind }
    const sealed = sealJson(keys, "lease", bindingOf(epoch, document), body, now)
    return when ? ["SET", nameOf(document), sealed, ttlMs, when] : ["SET", nameOf(document), sealed, ttlMs]
  }

  /**
   * Undefined for what does not open or is past its time: it was not written by us, or is kept alive by someone else, so
   * there is nothing to wait for.
   */
  function stateOf(document: string, sealed: Buffer | undefined): State | undefined {
    const body = sealed && openJson<SealedState>(keys, "lease", bindingOf(epoch, document), sealed)?.body
    if (!body || body.f <= clock.now()) return undefined
    return body.k === "failed" ? { kind: "failed", error: fromErrorBody(body) } : { kind: body.k }
  }
}
