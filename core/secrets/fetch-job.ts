import { sealError } from "../connections/sealed-error.ts"
import { bindingOf, entryName } from "../connections/tuple.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { ProviderError } from "../errors.ts"
import type { FetchResult } from "../providers/provider.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import type { Helper } from "../redis/tolerant.ts"
import { Secret } from "../secret.ts"
import { type AskDeps, askProvider, heed, tellsOfAll, timedOut, warningNames } from "./ask-provider.ts"
import { type Entry, maxCachedBytes, sealValue, type ValueEntry } from "./entry.ts"
import { leasesOf } from "./leases.ts"
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

export interface FetchDeps extends AskDeps {
  helper: Helper
  waitingRoom: WaitingRoom
  limits: {
    /** Bound on one job, in milliseconds. */
    fetchMs: number
    /** Bound where a stale value stands by. */
    fetchWithStaleMs: number
  }
}

/** How long an answer that there is no value holds, by its reason. */
const negativeMs: Partial<Record<string, number>> = { NOT_FOUND: 30_000, PERMISSION_DENIED: 10_000 }

/**
 * Fetches documents of one connection, as one job: claims them against other instances, asks the provider for those it
 * owns, and waits for what others own. Returns a promise per document; they reject only when everyone has `left`, or with
 * a LatchkeyError.
 */
export function startFetchJob(
  deps: FetchDeps,
  use: ConnectionUse,
  misses: readonly Miss[],
  left: AbortSignal,
  { uncached = false }: { uncached?: boolean } = {},
): Map<string, Promise<Landing>> {
  const { helper, memory, sessions, waitingRoom, clock, limits } = deps
  const { record, keys, tuple } = use
  const { cacheTtlSeconds, staleIfErrorSeconds } = record.settings
  /** Whether Redis has anything of this connection, and whether it is to have these documents. */
  const shared = cacheTtlSeconds > 0
  const cached = shared && !uncached
  const stale = new Map(misses.map((miss) => [miss.document, miss.stale]))
  const hurried = misses.every((miss) => miss.stale !== undefined)
  const timeoutMs = hurried ? limits.fetchWithStaleMs : limits.fetchMs
  const signal = AbortSignal.any([left, AbortSignal.timeout(timeoutMs)])
  const leases = leasesOf(use, deps)
  const place = waitingRoom.place(keys, tuple.platformId, timeoutMs)
  const landings = new Map(misses.map(({ document }) => [document, Promise.withResolvers<Landing>()]))

  run([...landings.keys()])
    .catch((error: unknown) => {
      for (const landing of landings.values()) landing.reject(error)
    })
    .finally(place.end)
  return new Map([...landings].map(([document, { promise }]) => [document, promise]))

  async function run(documents: readonly string[]): Promise<void> {
    const { owned, lost } = cached ? await claim(documents) : alone(documents)
    await Promise.all([fetchOwned(owned), follow(lost)])
  }

  /** Without leases whoever wants a document fetches it. */
  function alone(documents: readonly string[]) {
    place.admit(undefined)
    return { owned: documents, lost: [] }
  }

  /** The one pipeline before the provider is asked: what speaks against it, the session, our place, the leases. */
  async function claim(documents: readonly string[]) {
    const entering = place.enter(clock.now())
    const replies = await helper.ask([
      ["MGET", sessions.nameOf(use), ...warningNames(use)],
      ...entering,
      ...leases.claim(documents),
    ])
    if (replies === undefined) return alone(documents)
    const [session, ...warnings] = bytesOf(replies[0])
    sessions.offer(use, session)
    heed(deps, use, warnings)
    place.admit(replies[entering.length])
    return divide(documents, replies.slice(1 + entering.length))
  }

  /** What we own and what others do, by the replies to `leases.claim`; what others failed at has landed. */
  function divide(documents: readonly string[], replies: Parameters<typeof leases.claimed>[1]) {
    const claims = leases.claimed(documents, replies)
    for (const [document, one] of claims) if (typeof one === "object") fail([document], one.failed)
    return {
      owned: documents.filter((document) => claims.get(document) === "owned"),
      lost: documents.filter((document) => claims.get(document) === "lost"),
    }
  }

  /** Asks the provider, and lands every document with what it says. */
  async function fetchOwned(documents: readonly string[]): Promise<void> {
    if (documents.length === 0) return
    const started = clock.now()
    const { results, lessons } = await askProvider(deps, use, {
      documents,
      shared,
      ...(hurried && { attempts: 1 }),
      ...(cached && { beforeRequest: () => leases.renew(documents) }),
      signal,
      left,
    })
    const entries = documents.map((document) => [document, toEntry(results.get(document), started)] as const)
    const writes = cached ? entries.flatMap(([document, entry]) => writesOf(document, entry)) : []
    const written = helper.ask([...writes, ...lessons, ...(cached ? place.leave() : [])])
    for (const [document, entry] of entries) {
      if (cached) memory.put(tuple, document, entry)
      landings.get(document)?.resolve({ entry, source: "provider", written })
    }
    await written
  }

  /** Waits for documents that other instances own; fetches what becomes free. */
  async function follow(documents: readonly string[]): Promise<void> {
    let waiting = documents
    while (waiting.length > 0) {
      if (!(await pause())) return fail(waiting, timedOut())
      const sights = await leases.look(waiting)
      for (const [document, sight] of sights) {
        if (typeof sight === "string") continue
        if ("failed" in sight) fail([document], sight.failed)
        else arrive(document, sight.entry)
      }
      const free = waiting.filter((document) => sights.get(document) === "free")
      const { owned, lost } = free.length > 0 ? await claimFreed(free) : { owned: [], lost: [] }
      await fetchOwned(owned)
      waiting = [...waiting.filter((document) => sights.get(document) === "under way"), ...lost]
    }
  }

  /** False when the job's time is over. @throws the signal's reason when everyone has left */
  async function pause(): Promise<boolean> {
    try {
      await clock.sleep(50 + Math.random() * 100, signal)
      return true
    } catch {
      left.throwIfAborted()
      return false
    }
  }

  async function claimFreed(documents: readonly string[]) {
    const replies = await helper.ask(leases.claim(documents))
    return replies ? divide(documents, replies) : { owned: documents, lost: [] }
  }

  function arrive(document: string, entry: Entry): void {
    memory.put(tuple, document, entry)
    landings.get(document)?.resolve({ entry, source: "cache", written: Promise.resolve() })
  }

  function fail(documents: readonly string[], error: ProviderError): void {
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
    const { content, version } = result
    const freshUntil = started + cacheTtlSeconds * 1000
    return {
      kind: "value",
      content: new Secret(content),
      ...(version !== undefined && { version }),
      freshUntil,
      staleUntil: freshUntil + staleIfErrorSeconds * 1000,
      size: Buffer.byteLength(JSON.stringify(content)),
    }
  }

  /** What Redis learns of a document's fetch. */
  function writesOf(document: string, entry: Entry): RedisCommand[] {
    const now = clock.now()
    const binding = bindingOf(tuple, document)
    const name = entryName(keys, "document", tuple.platformId, tuple.connectionId, document)
    if (entry.kind === "value") {
      const ttl = entry.staleUntil - now
      if (entry.size > maxCachedBytes || ttl <= 0) return []
      return [["SET", name, sealValue(keys, binding, entry, now), ttl]]
    }
    if (tellsOfAll(entry.error)) return [leases.publish(document, entry.error)]
    // Such an answer takes the older value's place for as long as that could have come back.
    const until = Math.max(entry.freshUntil, stale.get(document)?.staleUntil ?? 0)
    if (until <= now) return []
    return [["SET", name, sealError(keys, "negative", binding, entry, now), until - now]]
  }
}
