import { bindingOf } from "../connections/cache-epoch.ts"
import { entryName } from "../connections/entry-names.ts"
import { timedOut, unanswered } from "../connections/failures.ts"
import { sealError } from "../connections/sealed-error.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { ProviderError } from "../errors.ts"
import { nestsDeeper } from "../json.ts"
import type { FetchResult } from "../providers/provider.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { Secret } from "../secret.ts"
import { settled } from "../settle.ts"
import { type AskDeps, askProvider, heed, tellsOfAll, warningNames, warningOf } from "./ask-provider.ts"
import { type Entry, maxCachedBytes, sealValue, type ValueEntry } from "./entry.ts"
import { fetchLeasesOf } from "./fetch-leases.ts"
import type { Launched } from "./flights.ts"
import type { Place, WaitingRoom } from "./waiting-room.ts"

/** What became of a document that was not in the cache. `written` settles when the cache has it, and never rejects. */
export interface Landing {
  entry: Entry
  source: "provider" | "cache" | "memory"
  written: Promise<unknown>
}

/** A document to fetch, with what may stand in for it while the secret manager is failing. */
export interface Miss {
  document: string
  stale?: ValueEntry
}

export interface FetchDeps extends AskDeps {
  redis: OptionalRedis
  waitingRoom: WaitingRoom
  limits: {
    /** Bound on one job, in milliseconds. */
    fetchMs: number
    /** Bound where a stale value stands by. */
    fetchWithStaleMs: number
  }
}

/** Whoever is asked decides how deep its JSON nests; ours is written by recursion. */
const maxContentDepth = 500

/** What is told of a version, in answers and the audit, has to look like one: whoever is asked could say anything. */
const isVersion = /^[A-Za-z0-9_.-]{1,64}$/

/** How long an answer that there is no value holds, by its reason. */
const negativeMs: Partial<Record<string, number>> = { NOT_FOUND: 30_000, PERMISSION_DENIED: 10_000 }

/**
 * Fetches documents of one connection, as one job: claims them against other instances, asks the provider for those it
 * owns, and waits for what others own. The landings reject only when everyone has `left`, or all with a LatchkeyError.
 */
export function startFetchJob(
  deps: FetchDeps,
  use: ConnectionUse,
  misses: readonly Miss[],
  left: AbortSignal,
  { uncached = false }: { uncached?: boolean } = {},
): Launched<Landing> {
  const { redis, memory, sessions, waitingRoom, clock, limits } = deps
  const { record, keys, epoch } = use
  const { cacheTtlSeconds, staleIfErrorSeconds } = record.settings
  /** Whether Redis has anything of this connection, and whether it is to have these documents. */
  const shared = cacheTtlSeconds > 0
  const cached = shared && !uncached
  const stale = new Map(misses.map((miss) => [miss.document, miss.stale]))
  const hurried = misses.every((miss) => miss.stale !== undefined)
  const timeoutMs = hurried ? limits.fetchWithStaleMs : limits.fetchMs
  const signal = AbortSignal.any([left, clock.timeout(timeoutMs)])
  const leases = fetchLeasesOf(use, deps)
  const landings = new Map(misses.map(({ document }) => [document, Promise.withResolvers<Landing>()]))

  const ended = Promise.allSettled([obtain([...landings.keys()]).catch(giveUp)])
  return {
    landings: new Map([...landings].map(([document, { promise }]) => [document, promise])),
    ended,
  }

  /** At once, whatever else is still under way: who waits here then leaves, which ends that too. */
  function giveUp(error: unknown): never {
    for (const landing of landings.values()) landing.reject(error)
    throw error
  }

  /** Lands every document: those that are ours from the provider, the others as they come. */
  async function obtain(documents: readonly string[]): Promise<void> {
    if (documents.length === 0) return
    const warning = warningOf(deps, use)
    if (warning) return land(documents, () => failure(warning.error), { tell: outdate })
    const place = waitingRoom.place(keys, epoch.platformId, timeoutMs)
    try {
      const { owned, lost, waiting } = cached ? await claim(documents, place) : alone(documents)
      await settled([
        fetchOwned(owned, place, waiting).catch(giveUp),
        follow(lost, owned.length === 0 ? place : undefined),
      ])
    } finally {
      // Told of another's failure, or aborted: nothing else has taken this along.
      await redis.ask(place.leave())
    }
  }

  /** The one pipeline before the provider is asked: what speaks against it, the session, our place, the leases. */
  async function claim(documents: readonly string[], place: Place): Promise<Claimed> {
    const entering = place.enter(clock.now())
    const replies = await redis.ask([
      ["MGET", sessions.nameOf(use), ...warningNames(use)],
      ...entering,
      ...leases.claim(documents),
    ])
    if (replies === undefined) return alone(documents)
    const [session, ...warnings] = bytesOf(replies[0])
    sessions.offer(use, session)
    heed(deps, use, warnings)
    const claims = leases.claimed(documents, replies.slice(1 + entering.length))
    for (const [document, one] of claims)
      if (typeof one === "object") arrive(document, failure(one.failed), "provider")
    return {
      owned: documents.filter((document) => claims.get(document) === "owned"),
      lost: documents.filter((document) => claims.get(document) === "lost"),
      waiting: replies[entering.length],
    }
  }

  /** Asks the provider, and lands every document with what it says. */
  async function fetchOwned(documents: readonly string[], place: Place, waiting: RedisReply | undefined) {
    if (documents.length === 0) return
    const warning = warningOf(deps, use)
    if (warning) {
      const { error, freshUntil } = warning
      const tell = (document: string, entry: Entry) => [
        ...outdate(document, entry),
        leases.publish(document, error, freshUntil),
      ]
      return land(documents, () => failure(error), { tell, lessons: place.leave() })
    }
    const started = clock.now()
    const { results, lessons } = await ask(documents, place, waiting)
    return land(documents, (document) => toEntry(results.get(document), started), {
      tell: store,
      lessons: [...lessons, ...place.leave()],
    })
  }

  async function ask(documents: readonly string[], place: Place, waiting: RedisReply | undefined) {
    try {
      place.admit(waiting)
      return await askProvider(deps, use, {
        documents,
        shared,
        ...(hurried && { attempts: 1 }),
        ...(cached && { beforeRequest: () => leases.renew(documents) }),
        signal,
        left,
      })
    } catch (error) {
      // Nothing to share: those who wait meet the same trouble themselves, or none.
      if (!left.aborted) await redis.ask([...place.leave(), ...(cached ? documents.map(leases.open) : [])])
      throw error
    }
  }

  /** Waits for documents that other instances own; obtains what becomes free. Whoever only waits here leaves `place`. */
  async function follow(documents: readonly string[], place?: Place): Promise<void> {
    let waiting = documents
    while (waiting.length > 0) {
      if (!(await pause())) return land(waiting, () => failure(timedOut()))
      const sights = await leases.look(waiting, place?.leave() ?? [])
      for (const [document, sight] of sights) {
        if (typeof sight === "string") continue
        if ("failed" in sight) arrive(document, failure(sight.failed), "provider")
        else arrive(document, sight.entry, "cache")
      }
      const free = waiting.filter((document) => sights.get(document) === "free")
      const underWay = waiting.filter((document) => sights.get(document) === "under way")
      if (free.length > 0) {
        await settled([obtain(free), follow(underWay)])
        return
      }
      waiting = underWay
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

  /** Lands documents, and tells Redis. */
  async function land(
    documents: readonly string[],
    entryOf: (document: string) => Entry,
    { tell = () => [], lessons = [] }: Telling = {},
  ): Promise<void> {
    const entries = documents.map((document) => [document, entryOf(document)] as const)
    const told = cached ? entries.flatMap(([document, entry]) => tell(document, entry)) : []
    const written = redis.ask([...told, ...lessons])
    for (const [document, entry] of entries) arrive(document, entry, "provider", written)
    await written
  }

  function arrive(
    document: string,
    entry: Entry,
    source: Landing["source"],
    written: Promise<unknown> = Promise.resolve(),
  ): void {
    const tooLarge = entry.kind === "value" && entry.size > maxCachedBytes
    if (cached && !tooLarge) memory.put(epoch, document, entry)
    landings.get(document)?.resolve({ entry, source, written })
  }

  function toEntry(result: FetchResult | undefined, started: number): Entry {
    if (!result?.ok) {
      const error = result?.error ?? unanswered()
      return { kind: "negative", error, freshUntil: clock.now() + (negativeMs[error.reason] ?? 0) }
    }
    const { content, version } = result
    if (nestsDeeper(content, maxContentDepth)) return failure(tooDeep())
    const freshUntil = started + cacheTtlSeconds * 1000
    return {
      kind: "value",
      content: new Secret(content),
      ...(version !== undefined && isVersion.test(version) && { version }),
      freshUntil,
      staleUntil: freshUntil + staleIfErrorSeconds * 1000,
      size: Buffer.byteLength(JSON.stringify(content)),
    }
  }

  /** What Redis learns of an answer, and by it whoever waits for it. */
  function store(document: string, entry: Entry): RedisCommand[] {
    const now = clock.now()
    if (entry.kind === "negative") {
      if (tellsOfRequest(entry.error)) return [leases.open(document)]
      const seen = entry.freshUntil > now ? [] : [leases.publish(document, entry.error)]
      return [...outdate(document, entry), ...seen]
    }
    const ttl = entry.staleUntil - now
    if (entry.size > maxCachedBytes || ttl <= 0) return [leases.open(document)]
    const sealed = sealValue(keys, bindingOf(epoch, document), entry, now)
    return [["SET", nameOf(document), sealed, ttl], ...leases.endBy(document, entry.freshUntil)]
  }

  /**
   * An answer that there is no value takes an older value's place for as long as that could have come back. An outage is
   * no answer.
   */
  function outdate(document: string, entry: Entry): RedisCommand[] {
    if (entry.kind === "value" || tellsOfAll(entry.error)) return []
    const now = clock.now()
    const until = Math.max(entry.freshUntil, stale.get(document)?.staleUntil ?? 0)
    if (until <= now) return []
    const sealed = sealError(keys, "negative", bindingOf(epoch, document), entry, now)
    return [["SET", nameOf(document), sealed, until - now]]
  }

  function nameOf(document: string): string {
    return entryName(keys, "document", epoch.platformId, epoch.connectionId, document)
  }
}

interface Claimed {
  owned: readonly string[]
  lost: readonly string[]
  /** How many fetches of the platform wait on providers, as Redis counted. */
  waiting?: RedisReply | undefined
}

interface Telling {
  /** What Redis learns of each document. */
  tell?(document: string, entry: Entry): RedisCommand[]
  /** And besides. */
  lessons?: readonly RedisCommand[]
}

/** Without leases whoever wants a document fetches it. */
const alone = (documents: readonly string[]): Claimed => ({ owned: documents, lost: [] })

/** What was asked for together was too much: by itself each document may be had. */
const tellsOfRequest = ({ reason, oversized }: ProviderError) => reason === "UNSUPPORTED_VALUE" && oversized

const tooDeep = () =>
  new ProviderError("UNSUPPORTED_VALUE", "The secret's JSON nests too deep. Keep it flatter.")

/** Says nothing beyond the resolves that met it. */
const failure = (error: ProviderError): Entry => ({ kind: "negative", error, freshUntil: 0 })
