import { memoryKey } from "../connections/cache-epoch.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { transientReasons } from "../errors.ts"
import { type FetchDeps, type Landing, type Miss, startFetchJob } from "./fetch-job.ts"
import { createFlights } from "./flights.ts"
import { type Found, foundOf } from "./found.ts"

export interface Acquired {
  found: Map<string, Found>
  /** Settles when the cache has what was fetched; never rejects. To be awaited before the reply. */
  written: Promise<unknown>
}

/** Who acquires: one request. */
export interface Errand {
  /** The request is over, or has failed. */
  signal: AbortSignal
  /** Gets what must have settled before the reply. None of it rejects; `signal` makes it soon. */
  begun: Promise<unknown>[]
}

/** Fetches what is in no cache: at most once at a time within this instance, and under a lease across instances. */
export interface Acquirer {
  /** @throws the signal's reason, or LatchkeyError */
  acquire(use: ConnectionUse, misses: readonly Miss[], errand: Errand): Promise<Acquired>
  /** One-time codes: shared with nobody and kept nowhere. */
  acquireUncached(use: ConnectionUse, documents: readonly string[], errand: Errand): Promise<Acquired>
}

export function createAcquirer(deps: FetchDeps): Acquirer {
  const flights = createFlights<Landing>()

  return {
    async acquire(use, misses, errand) {
      // Without a cache a value must be fetched after it was asked for, so no flight is shared either.
      if (use.record.settings.cacheTtlSeconds === 0) return landAlone(use, misses, errand)
      const landed = new Map(misses.flatMap(({ document }) => landedMeanwhile(use, document)))
      const missing = misses.filter(({ document }) => !landed.has(document))
      const hurried = missing.filter(({ stale }) => stale !== undefined)
      const patient = missing.filter(({ stale }) => stale === undefined)
      const flying = [...join(use, patient, errand), ...join(use, hurried, errand)]
      return land(new Map([...landed, ...flying]), misses)
    },

    acquireUncached(use, documents, errand) {
      const misses = documents.map((document) => ({ document }))
      return landAlone(use, misses, errand, { uncached: true })
    },
  }

  function landAlone(
    use: ConnectionUse,
    misses: readonly Miss[],
    { signal, begun }: Errand,
    options?: { uncached: boolean },
  ): Promise<Acquired> {
    const { landings, ended } = startFetchJob(deps, use, misses, signal, options)
    begun.push(ended)
    return land(landings, misses)
  }

  /** While Redis was asked, another resolve's fetch may have ended: it is not begun again. */
  function landedMeanwhile(use: ConnectionUse, document: string): [string, Promise<Landing>][] {
    const entry = deps.memory.get(use.epoch, document)
    return entry ? [[document, Promise.resolve({ entry, source: "memory", written: Promise.resolve() })]] : []
  }

  function join(use: ConnectionUse, misses: readonly Miss[], errand: Errand): Map<string, Promise<Landing>> {
    const byKey = new Map(misses.map((miss) => [memoryKey(use.epoch, miss.document), miss]))
    const launch = (keys: readonly string[], jobSignal: AbortSignal) => {
      const owned = keys.flatMap((key) => byKey.get(key) ?? [])
      const { landings, ended } = startFetchJob(deps, use, owned, jobSignal)
      const keyed = [...landings].map(
        ([document, landing]) => [memoryKey(use.epoch, document), landing] as const,
      )
      return { landings: new Map(keyed), ended }
    }
    const from = deps.clock.now()
    const joined = flights.join([...byKey.keys()], launch, errand.signal)
    return new Map(
      [...byKey].flatMap(([key, miss]) => {
        const wait = joined.get(key)
        if (!wait) return []
        errand.begun.push(wait.over)
        return [[miss.document, late(use, miss, wait.landing, from, errand)]]
      }),
    )
  }

  /** A fetch that was past its time when it was joined, having begun so long before, is followed by another. */
  async function late(
    use: ConnectionUse,
    miss: Miss,
    landing: Promise<Landing>,
    joinedAt: number,
    errand: Errand,
  ): Promise<Landing> {
    const landed = await landing
    if (landed.entry.kind === "negative" || landed.entry.freshUntil > joinedAt) return landed
    await landed.written
    return join(use, [miss], errand).get(miss.document) ?? landed
  }

  async function land(landings: Map<string, Promise<Landing>>, misses: readonly Miss[]): Promise<Acquired> {
    const stale = new Map(misses.map((miss) => [miss.document, miss.stale]))
    const landed = await Promise.all(
      [...landings].map(async ([document, landing]) => [document, await landing] as const),
    )
    const found = landed.map(([document, { entry, source }]): [string, Found] => {
      const spare = stale.get(document)
      const failing = entry.kind === "negative" && transientReasons.has(entry.error.reason)
      if (failing && spare && spare.staleUntil > deps.clock.now()) return [document, foundOf(spare, "stale")]
      return [document, foundOf(entry, source)]
    })
    return { found: new Map(found), written: Promise.all(landed.map(([, { written }]) => written)) }
  }
}
