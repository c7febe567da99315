import type { Clock } from "../clock.ts"
import type { Opener } from "../connections/open.ts"
import { LatchkeyError, ProviderError, transientReasons } from "../errors.ts"
import type { Metrics } from "../metrics.ts"
import type { FetchResult } from "../providers/provider.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import type { Helper } from "../redis/tolerant.ts"
import { Secret } from "../secret.ts"
import { type Breaker, openForMs } from "./breaker.ts"
import { type Entry, maxCachedBytes, openError, sealError, sealValue, type ValueEntry } from "./entry.ts"
import { type Leases, leasesOf } from "./leases.ts"
import type { MemoryTier } from "./memory.ts"
import type { SessionBook } from "./sessions.ts"
import { bindingOf, entryName } from "./tuple.ts"
import type { ConnectionUse } from "./use.ts"
import type { WaitingRoom } from "./waiting-room.ts"

/** What became of a document that was not in the cache. `written` settles when the cache has it, and never rejects. */
export interface Landing {
  entry: Entry
  source: "provider" | "cache"
  written: Promise<unknown>
}

/** A document to fetch, with what may stand in for it while the secret manager is failing. */
export interface Miss {
  document: string
  stale?: ValueEntry
}

export interface FetchDeps {
  helper: Helper
  memory: MemoryTier
  sessions: SessionBook
  breaker: Breaker
  waitingRoom: WaitingRoom
  opener: Opener
  clock: Clock
  metrics: Metrics
  limits: {
    /** Bound on one job, in milliseconds. */
    fetchMs: number
    /** Bound where a stale value stands by. */
    fetchWithStaleMs: number
  }
}

/** For so long nobody tries a refused login again, or asks for what was missing or denied. */
const refusedMs = 10_000
const negativeMs: Partial<Record<string, number>> = { NOT_FOUND: 30_000, PERMISSION_DENIED: 10_000 }

/** Failures that say that the secret manager cannot be used at the moment, whatever the document. */
const opensBreaker = (error: ProviderError) =>
  transientReasons.has(error.reason) || error.reason === "TLS" || error.reason === "BLOCKED_ADDRESS"

/**
 * Fetches documents of one connection, as one job: claims them against other instances, asks the provider for those it
 * owns, and waits for what others own. Returns a promise per document.
 */
export function startFetchJob(
  deps: FetchDeps,
  use: ConnectionUse,
  misses: readonly Miss[],
  jobSignal: AbortSignal,
): Map<string, Promise<Landing>> {
  const { helper, memory, sessions, breaker, waitingRoom, opener, clock, metrics, limits } = deps
  const { record, keys, tuple } = use
  const { cacheTtlSeconds, staleIfErrorSeconds } = record.settings
  const cached = cacheTtlSeconds > 0
  const hurried = misses.every(({ stale }) => stale !== undefined)
  const timeoutMs = hurried ? limits.fetchWithStaleMs : limits.fetchMs
  const signal = AbortSignal.any([jobSignal, AbortSignal.timeout(timeoutMs)])
  const stale = new Map(misses.map((miss) => [miss.document, miss.stale]))
  const leases: Leases = leasesOf(use, { helper, clock })
  const place = waitingRoom.place(keys, tuple.platformId, timeoutMs)
  /** What Redis is to learn about the connection itself, beside its documents. */
  const connectionWrites: RedisCommand[] = []
  const landings = new Map(misses.map(({ document }) => [document, Promise.withResolvers<Landing>()]))

  run([...landings.keys()])
    .catch((error: unknown) => {
      for (const landing of landings.values()) landing.reject(error)
    })
    .finally(place.end)
  return new Map([...landings].map(([document, { promise }]) => [document, promise]))

  async function run(documents: readonly string[]): Promise<void> {
    if (!cached) {
      place.admit(undefined)
      return fetchOwned(documents)
    }
    const { owned, lost } = await claim(documents)
    await Promise.all([
      owned.length > 0 ? fetchOwned(owned) : undefined,
      lost.length > 0 ? follow(lost) : undefined,
    ])
  }

  /** The one pipeline before the provider is asked: leases, the session, and what speaks against asking at all. */
  async function claim(documents: readonly string[]): Promise<{ owned: string[]; lost: string[] }> {
    const entering = place.enter(clock.now())
    const replies = await helper.ask([
      ["MGET", nameOf("session"), nameOf("breaker"), nameOf("connection")],
      ...entering,
      ...leases.claim(documents),
    ])
    if (replies === undefined) {
      place.admit(undefined)
      return { owned: [...documents], lost: [] }
    }
    const [session, open, refused] = bytesOf(replies[0])
    place.admit(replies[entering.length])
    sessions.offer(use, session)
    adoptBreaker(open)
    adoptRefusal(refused)
    const won = replies.slice(1 + entering.length)
    return {
      owned: documents.filter((_, i) => won[i] === "OK"),
      lost: documents.filter((_, i) => won[i] !== "OK"),
    }
  }

  /** Asks the provider, and lands every document with what it says. */
  async function fetchOwned(documents: readonly string[]): Promise<void> {
    const started = clock.now()
    const results = await ask(documents)
    const landed = new Map(documents.map((document) => [document, toEntry(results.get(document), started)]))
    const written = cached ? helper.ask(writesOf(landed)) : Promise.resolve()
    for (const [document, entry] of landed) {
      if (cached) memory.put(tuple, document, entry)
      landings.get(document)?.resolve({ entry, source: "provider", written })
    }
    await written
  }

  async function ask(documents: readonly string[]): Promise<Map<string, FetchResult>> {
    const refused = memory.get(tuple, "")
    if (refused?.kind === "negative") return failAll(documents, refused.error)
    const open = breaker.admit(use.key)
    if (open) return failAll(documents, open)
    const from = performance.now()
    try {
      const client = await opener.saved(record, {
        sessions: sessions.of(use, { shared: cached }),
        ...(hurried && { attempts: 1 }),
        ...(cached && { beforeRequest: () => leases.renew(documents) }),
      })
      const results = await client.fetch(documents, signal)
      learn([...results.values()])
      measure("ok", from)
      return results
    } catch (error) {
      const failure = asProviderError(error)
      if (failure === undefined) breaker.abandoned(use.key)
      else learn([{ ok: false, error: failure }])
      measure(failure?.reason ?? "aborted", from)
      if (failure === undefined) throw error
      return failAll(documents, failure)
    }
  }

  /** Waits for documents that other instances own; fetches what becomes free. */
  async function follow(documents: readonly string[]): Promise<void> {
    let waiting = [...documents]
    while (waiting.length > 0) {
      try {
        await clock.sleep(50 + Math.random() * 100, signal)
      } catch {
        if (jobSignal.aborted) throw jobSignal.reason
        return land(waiting, timedOut())
      }
      const free: string[] = []
      const stillWaiting: string[] = []
      for (const [document, sight] of await leases.look(waiting)) {
        if (sight === "under way") stillWaiting.push(document)
        else if (sight === "free" || sight === "redis gone") free.push(document)
        else if ("failed" in sight) land([document], sight.failed)
        else {
          memory.put(tuple, document, sight.entry)
          landings.get(document)?.resolve({ entry: sight.entry, source: "cache", written: Promise.resolve() })
        }
      }
      waiting = stillWaiting
      if (free.length > 0) {
        const won = await helper.ask(leases.claim(free))
        const owned = won ? free.filter((_, i) => won[i] === "OK") : free
        waiting.push(...free.filter((document) => !owned.includes(document)))
        if (owned.length > 0) await fetchOwned(owned)
      }
    }
  }

  function land(documents: readonly string[], error: ProviderError): void {
    const entry = { kind: "negative", error, freshUntil: 0 } as const
    for (const document of documents)
      landings.get(document)?.resolve({ entry, source: "provider", written: Promise.resolve() })
  }

  function toEntry(result: FetchResult | undefined, started: number): Entry {
    if (!result?.ok) {
      const error =
        result?.error ??
        new ProviderError("PROVIDER_ERROR", "The secret manager gave no answer for this path.")
      return { kind: "negative", error, freshUntil: clock.now() + (negativeMs[error.reason] ?? 0) }
    }
    const freshUntil = started + cacheTtlSeconds * 1000
    return {
      kind: "value",
      content: new Secret(result.content),
      ...(result.version !== undefined && { version: result.version }),
      freshUntil,
      staleUntil: freshUntil + staleIfErrorSeconds * 1000,
      size: Buffer.byteLength(JSON.stringify(result.content)),
    }
  }

  function writesOf(landed: Map<string, Entry>): RedisCommand[] {
    const documentWrites = [...landed].flatMap(([document, entry]) => writes(document, entry))
    return [...documentWrites, ...connectionWrites.splice(0), ...place.leave()]
  }

  /** What Redis learns of a document's fetch. */
  function writes(document: string, entry: Entry): RedisCommand[] {
    const now = clock.now()
    const binding = bindingOf(tuple, document)
    const name = nameOf("document", document)
    if (entry.kind === "value") {
      const ttl = entry.staleUntil - now
      if (entry.size > maxCachedBytes || ttl <= 0) return []
      return [["SET", name, sealValue(keys, binding, entry, now), ttl]]
    }
    if (opensBreaker(entry.error)) return [leases.publish(document, entry.error)]
    // Such an answer takes the older value's place for as long as that could have come back.
    const until = Math.max(entry.freshUntil, stale.get(document)?.staleUntil ?? 0)
    if (until <= now) return []
    return [["SET", name, sealError(keys, "negative", binding, entry, now), until - now]]
  }

  function learn(results: readonly FetchResult[]): void {
    noteRefusal(results)
    reportToBreaker(results)
  }

  function reportToBreaker(results: readonly FetchResult[]): void {
    const failures = results.flatMap((result) => (result.ok ? [] : [result.error]))
    const failure = failures.find(opensBreaker)
    if (failure === undefined || failures.length < results.length) breaker.succeeded(use.key)
    else if (breaker.failed(use.key, failure)) {
      metrics.count("BreakerOpened", 1, { provider: record.providerId })
      const entry = { kind: "negative", error: failure, freshUntil: clock.now() + openForMs } as const
      const sealed = sealError(keys, "breaker", bindingOf(tuple, ""), entry, clock.now())
      connectionWrites.push(["SET", nameOf("breaker"), sealed, openForMs])
    }
  }

  /** A refused login is an answer about the connection, so that a wrong credential in a busy flow cannot lock an account. */
  function noteRefusal(results: readonly FetchResult[]): void {
    const refusal = results.find((result) => !result.ok && result.error.reason === "BAD_CREDENTIALS")
    if (!cached || refusal === undefined || refusal.ok) return
    const entry = { kind: "negative", error: refusal.error, freshUntil: clock.now() + refusedMs } as const
    memory.put(tuple, "", entry)
    const sealed = sealError(keys, "negative", bindingOf(tuple, ""), entry, clock.now())
    connectionWrites.push(["SET", nameOf("connection"), sealed, refusedMs])
  }

  function adoptBreaker(sealed: Buffer | undefined): void {
    const open = sealed && openError(keys, "breaker", bindingOf(tuple, ""), sealed)
    if (open && open.freshUntil > clock.now()) breaker.adopt(use.key, open.error, open.freshUntil)
  }

  function adoptRefusal(sealed: Buffer | undefined): void {
    const refused = sealed && openError(keys, "negative", bindingOf(tuple, ""), sealed)
    if (refused) memory.put(tuple, "", refused)
  }

  function failAll(documents: readonly string[], error: ProviderError): Map<string, FetchResult> {
    return new Map(documents.map((document) => [document, { ok: false, error }]))
  }

  /** The failure that `error` is to the caller, or undefined where everyone who waited has left. */
  function asProviderError(error: unknown): ProviderError | undefined {
    if (jobSignal.aborted) return undefined
    if (error instanceof ProviderError) return error
    if (signal.aborted) return timedOut()
    if (error instanceof LatchkeyError) return undefined
    return new ProviderError("PROVIDER_ERROR", "The secret manager's answer could not be understood.", {
      cause: error,
    })
  }

  function measure(outcome: string, from: number): void {
    metrics.count("ProviderFetch", 1, { provider: record.providerId, outcome })
    metrics.time("ProviderLatency", performance.now() - from, { provider: record.providerId })
  }

  function nameOf(kind: "document" | "session" | "breaker" | "connection", document = ""): string {
    return entryName(keys, kind, tuple.platformId, tuple.connectionId, document)
  }
}

function timedOut(): ProviderError {
  return new ProviderError(
    "TIMEOUT",
    "The secret manager did not answer in time. Check that it is up and reachable from Latchkey.",
  )
}
