import { setImmediate } from "node:timers/promises"
import type { Clock } from "../clock.ts"
import { notFound, usable } from "../connections/access.ts"
import { bindingOf, type CacheEpoch, epochOf, memoryKey } from "../connections/cache-epoch.ts"
import { entryName } from "../connections/entry-names.ts"
import { pathNotAllowed, secretFailed } from "../connections/failures.ts"
import type { ConnectionStore, Snapshot } from "../connections/store.ts"
import { type ConnectionUse, useOf } from "../connections/use.ts"
import type { Keyring, PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError, ProviderError } from "../errors.ts"
import type { SecretRef } from "../providers/provider.ts"
import { providerById } from "../providers/registry.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import { bytesOf } from "../redis/replies.ts"
import { type AllowedPaths, allowedPaths } from "../references/allowed-paths.ts"
import type { ReferenceOptions } from "../references/reference-options.ts"
import { settled } from "../settle.ts"
import { type Entry, openEntry, type ValueEntry } from "./entry.ts"
import { type Found, foundOf } from "./found.ts"
import type { Guesses } from "./guesses.ts"
import type { MemoryTier } from "./memory.ts"

/** A distinct reference of a request. */
export interface Wanted {
  connectionId: string
  path: string
  /** The path as it is written: what the audit records. */
  rawPath: string
  options: ReferenceOptions
}

/** A document that a request needs, with what the caches know of it. */
export interface DocumentState {
  use: ConnectionUse
  document: string
  uncached: boolean
  /** What the caches have of it, or what fetching it gave; absent: to be fetched. */
  answer?: Found | LatchkeyError
  /** A value past its time that may stand in while the provider is failing. */
  stale?: ValueEntry
}

/** What a reference leads to, or why it leads nowhere. */
export type Decision =
  | { ok: true; ref: SecretRef; state: DocumentState }
  | { ok: false; error: LatchkeyError }

export interface LookupRequest {
  platformId: string
  projectId: string | undefined
  wanted: readonly Wanted[]
}

export interface Lookup {
  /** What becomes of each of `wanted`, in their order. @throws LatchkeyError `UNAVAILABLE` */
  decide(request: LookupRequest): Promise<Decision[]>
}

/** What was made of a reference while the records were read. */
interface Guessed {
  providerId: string
  ref: SecretRef
  recalled?: Recalled
}

/** What memory has of a document, in the epoch seen last. */
interface Recalled {
  epoch: CacheEpoch
  entry: Entry
}

/** A connection that a request may use, with the documents of it that are needed. */
interface Reached {
  use: ConnectionUse
  allowed: AllowedPaths
  documents: Map<string, DocumentState>
}

/**
 * Guess, then decide. While the one consistent read of the records is under way, Redis is asked for what the records seen
 * last suggest; what is opened and used is decided under the records just read. Where the guess was wrong or missing,
 * Redis is asked once more.
 */
export function createLookup(deps: {
  store: ConnectionStore
  keyring: Keyring
  redis: OptionalRedis
  memory: MemoryTier
  guesses: Guesses
  clock: Clock
}): Lookup {
  const { store, keyring, redis, memory, guesses, clock } = deps

  return {
    async decide({ platformId, projectId, wanted }) {
      const connectionIds = [...new Set(wanted.map(({ connectionId }) => connectionId))]
      const [snapshot, guessed] = await settled([
        store.read(platformId, connectionIds),
        guess(platformId, connectionIds, wanted),
      ])
      const { platform, connections } = snapshot
      if (!platform) return wanted.map(({ connectionId }) => ({ ok: false, error: notFound(connectionId) }))
      const keys = await keyring.unwrap(platform)
      guesses.remember(platform, connections)
      const { decisions, needed } = settle({
        snapshot: { platform, connections },
        keys,
        projectId,
        wanted,
        refs: guessed?.refs ?? [],
      })
      const good = guessed?.keys === keys ? guessed : undefined
      await consultCaches(needed, good?.answers ?? new Map(), good?.nameOf ?? namesUnder(keys, platformId))
      return decisions
    },
  }

  /** The references as the last known provider reads them, and what Redis has of those that are not in memory. */
  async function guess(platformId: string, connectionIds: readonly string[], wanted: readonly Wanted[]) {
    // The read shall be on its way before anything is computed.
    await setImmediate()
    const keys = keyring.guess(platformId)
    if (!keys) return undefined
    const seen = new Map(connectionIds.map((id) => [id, guesses.of(platformId, id)]))
    const nameOf = namesUnder(keys, platformId)
    const names = new Set<string>()
    const refs = wanted.map((one): Guessed | undefined => {
      const last = seen.get(one.connectionId)
      if (!last) return undefined
      const { providerId, epoch } = last
      const ref = parse(providerId, one)
      if (ref instanceof ProviderError) return undefined
      if (!last.cached || ref.uncached) return { providerId, ref }
      const entry = memory.get(epoch, ref.document)
      if (entry) return { providerId, ref, recalled: { epoch, entry } }
      names.add(nameOf(one.connectionId, ref.document))
      return { providerId, ref }
    })
    return { keys, refs, nameOf, answers: await askFor([...names]) }
  }

  async function askFor(names: readonly string[]): Promise<Map<string, Buffer | undefined>> {
    if (names.length === 0) return new Map()
    const replies = await redis.ask([["MGET", ...names]])
    const values = bytesOf(replies?.[0])
    return new Map(names.map((name, i) => [name, values[i]]))
  }

  /** Decides every reference under the records just read, and gathers the distinct documents. */
  function settle(input: {
    snapshot: Required<Snapshot>
    keys: PlatformKeys
    projectId: string | undefined
    wanted: readonly Wanted[]
    refs: readonly (Guessed | undefined)[]
  }): { decisions: Decision[]; needed: Needed[] } {
    const { snapshot, keys, projectId, wanted, refs } = input
    const within = projectId === undefined ? [] : [projectId]
    const reached = new Map<string, Reached | LatchkeyError>()
    const needed: Needed[] = []
    const decisions = wanted.map((one, index): Decision => {
      const connection = reach(one.connectionId)
      if (connection instanceof LatchkeyError) return { ok: false, error: connection }
      return decideOne(one, connection, refs[index])
    })
    return { decisions, needed }

    function reach(connectionId: string): Reached | LatchkeyError {
      const known = reached.get(connectionId)
      if (known) return known
      const connection = caught((): Reached => {
        const record = usable(snapshot.connections.get(connectionId), connectionId, within, keys)
        const use = useOf(record, keys, epochOf(record, snapshot.platform))
        return { use, allowed: allowedPaths(record.settings.allowedPaths, projectId), documents: new Map() }
      })
      reached.set(connectionId, connection)
      return connection
    }

    function decideOne(one: Wanted, { use, allowed, documents }: Reached, guess?: Guessed): Decision {
      const { record } = use
      const ref = guess?.providerId === record.providerId ? guess.ref : parse(record.providerId, one)
      if (ref instanceof ProviderError) return { ok: false, error: secretFailed(ref, record) }
      if (!allowed.allows(ref.path)) return { ok: false, error: secretFailed(pathNotAllowed(), record) }
      const { document, uncached = false } = ref
      let state = documents.get(document)
      if (state === undefined) {
        state = { use, document, uncached }
        documents.set(document, state)
        needed.push({ state, recalled: guess?.recalled })
      }
      return { ok: true, ref, state }
    }
  }

  /** Memory first, then what Redis answered already, then Redis once more for what nobody asked for yet. */
  async function consultCaches(
    needed: readonly Needed[],
    known: ReadonlyMap<string, Buffer | undefined>,
    nameOf: Naming,
  ): Promise<void> {
    const unasked: { state: DocumentState; name: string }[] = []
    for (const { state, recalled } of needed) {
      const { use, document } = state
      if (state.uncached || use.record.settings.cacheTtlSeconds === 0) continue
      const entry = stillHolds(recalled, use) ?? memory.get(use.epoch, document)
      if (entry) {
        state.answer = foundOf(entry, "memory")
        continue
      }
      const name = nameOf(use.epoch.connectionId, document)
      if (known.has(name)) open(state, known.get(name))
      else unasked.push({ state, name })
    }
    if (unasked.length === 0) return
    const answers = await askFor(unasked.map(({ name }) => name))
    for (const { state, name } of unasked) open(state, answers.get(name))
  }

  /** What memory had is not looked for twice. */
  function stillHolds(recalled: Recalled | undefined, { key }: ConnectionUse): Entry | undefined {
    if (recalled === undefined || memoryKey(recalled.epoch, "") !== key) return undefined
    return recalled.entry.freshUntil > clock.now() ? recalled.entry : undefined
  }

  function open(state: DocumentState, sealed: Buffer | undefined): void {
    if (sealed === undefined) return
    const { use, document } = state
    const entry = openEntry(use.keys, bindingOf(use.epoch, document), sealed)
    if (entry === undefined) return
    if (entry.freshUntil > clock.now()) {
      state.answer = foundOf(entry, "cache")
      memory.put(use.epoch, document, entry)
    } else if (entry.kind === "value" && entry.staleUntil > clock.now()) state.stale = entry
  }
}

/** A document that is needed, and what the guess had of it. */
interface Needed {
  state: DocumentState
  recalled: Recalled | undefined
}

type Naming = (connectionId: string, document: string) => string

/** Names the entries of documents, each once for a request: a name is an HMAC. No connection's id has a slash in it. */
function namesUnder(keys: PlatformKeys, platformId: string): Naming {
  const names = new Map<string, string>()
  return (connectionId, document) => {
    const id = `${connectionId}/${document}`
    const name = names.get(id) ?? entryName(keys, "document", platformId, connectionId, document)
    names.set(id, name)
    return name
  }
}

function parse(providerId: string, { path, options }: Wanted): SecretRef | ProviderError {
  const provider = providerById(providerId)
  if (!provider)
    return new ProviderError("PROVIDER_ERROR", "This deployment does not know the connection's provider.")
  try {
    return provider.parsePath(path, options)
  } catch (error) {
    if (error instanceof ProviderError) return error
    throw error
  }
}

function caught<T>(work: () => T): T | LatchkeyError {
  try {
    return work()
  } catch (error) {
    if (error instanceof LatchkeyError) return error
    throw error
  }
}
