import { setImmediate } from "node:timers/promises"
import type { Clock } from "../clock.ts"
import { notFound, usable } from "../connections/access.ts"
import { bindingOf, epochOf } from "../connections/cache-epoch.ts"
import type { ConnectionRecord } from "../connections/connection.ts"
import { entryName } from "../connections/entry-names.ts"
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
  /** A fresh entry of the caches; absent: to be fetched. */
  entry?: Entry
  source?: "memory" | "cache"
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
  signal: AbortSignal
}

export interface Lookup {
  decide(request: LookupRequest): Promise<Map<Wanted, Decision>>
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
    async decide({ platformId, projectId, wanted, signal }) {
      const connectionIds = [...new Set(wanted.map(({ connectionId }) => connectionId))]
      const [snapshot, guessed] = await settled([
        store.read(platformId, connectionIds, signal),
        guess(platformId, connectionIds, wanted),
      ])
      const decisions = new Map<Wanted, Decision>()
      if (!snapshot.platform) {
        for (const one of wanted) decisions.set(one, { ok: false, error: notFound(one.connectionId) })
        return decisions
      }
      const keys = await keyring.unwrap(snapshot.platform)
      guesses.remember(snapshot.platform, snapshot.connections)
      const states = settle({ snapshot, keys, projectId, wanted, refs: guessed?.refs, decisions })
      const good = guessed?.keys === keys ? guessed : undefined
      await consultCaches(states, good?.answers ?? new Map(), good?.nameOf ?? namesUnder(keys, platformId))
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
    const refs = new Map<Wanted, { providerId: string; ref: SecretRef }>()
    for (const one of wanted) {
      const last = seen.get(one.connectionId)
      if (!last) continue
      const ref = parse(last.providerId, one)
      if (ref instanceof ProviderError) continue
      refs.set(one, { providerId: last.providerId, ref })
      if (last.cached && !ref.uncached && !memory.get(last.epoch, ref.document))
        names.add(nameOf(one.connectionId, ref.document))
    }
    return { keys, refs, nameOf, answers: await askFor([...names]) }
  }

  async function askFor(names: readonly string[]): Promise<Map<string, Buffer | undefined>> {
    if (names.length === 0) return new Map()
    const replies = await redis.ask([["MGET", ...names]])
    const values = bytesOf(replies?.[0])
    return new Map(names.map((name, i) => [name, values[i]]))
  }

  /** Decides every reference under the records just read. Returns the distinct documents. */
  function settle(input: {
    snapshot: Snapshot
    keys: PlatformKeys
    projectId: string | undefined
    wanted: readonly Wanted[]
    refs: ReadonlyMap<Wanted, { providerId: string; ref: SecretRef }> | undefined
    decisions: Map<Wanted, Decision>
  }): DocumentState[] {
    const { snapshot, keys, projectId, wanted, refs, decisions } = input
    const reach = projectId === undefined ? [] : [projectId]
    const uses = new Map<string, ConnectionUse | LatchkeyError>()
    const allowed = new Map<ConnectionUse, AllowedPaths>()
    const states = new Map<ConnectionUse, Map<string, DocumentState>>()

    for (const one of wanted) {
      const use = useFor(one.connectionId)
      decisions.set(one, use instanceof LatchkeyError ? { ok: false, error: use } : decideOne(one, use))
    }
    return [...states.values()].flatMap((documents) => [...documents.values()])

    function useFor(connectionId: string): ConnectionUse | LatchkeyError {
      const known = uses.get(connectionId)
      if (known) return known
      const use = caught(() => {
        const record = usable(snapshot.connections.get(connectionId), connectionId, reach, keys)
        if (!snapshot.platform) throw notFound(connectionId)
        return useOf(record, keys, epochOf(record, snapshot.platform))
      })
      uses.set(connectionId, use)
      if (!(use instanceof LatchkeyError))
        allowed.set(use, allowedPaths(use.record.settings.allowedPaths, projectId))
      return use
    }

    function decideOne(one: Wanted, use: ConnectionUse): Decision {
      const { record } = use
      const last = refs?.get(one)
      const ref = last?.providerId === record.providerId ? last.ref : parse(record.providerId, one)
      if (ref instanceof ProviderError) return { ok: false, error: failed(ref, record) }
      if (!allowed.get(use)?.allows(ref.path)) return { ok: false, error: failed(pathNotAllowed(), record) }
      const documents = states.get(use) ?? new Map<string, DocumentState>()
      states.set(use, documents)
      const state = documents.get(ref.document) ?? {
        use,
        document: ref.document,
        uncached: ref.uncached === true,
      }
      documents.set(ref.document, state)
      return { ok: true, ref, state }
    }
  }

  /** Memory first, then what Redis answered already, then Redis once more for what nobody asked for yet. */
  async function consultCaches(
    states: readonly DocumentState[],
    known: ReadonlyMap<string, Buffer | undefined>,
    nameOf: Naming,
  ): Promise<void> {
    const unasked: { state: DocumentState; name: string }[] = []
    for (const state of states) {
      const { use, document } = state
      if (state.uncached || use.record.settings.cacheTtlSeconds === 0) continue
      const entry = memory.get(use.epoch, document)
      if (entry) {
        state.entry = entry
        state.source = "memory"
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

  function open(state: DocumentState, sealed: Buffer | undefined): void {
    if (sealed === undefined) return
    const { use, document } = state
    const entry = openEntry(use.keys, bindingOf(use.epoch, document), sealed)
    if (entry === undefined) return
    if (entry.freshUntil > clock.now()) {
      state.entry = entry
      state.source = "cache"
      memory.put(use.epoch, document, entry)
    } else if (entry.kind === "value" && entry.staleUntil > clock.now()) state.stale = entry
  }
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

/** The error of a reference, as its caller sees it. */
export function failed(
  error: ProviderError,
  record: Pick<ConnectionRecord, "id" | "providerId">,
): LatchkeyError {
  return new LatchkeyError(
    "SECRET_MANAGER_GET_SECRET_FAILED",
    error.message,
    {
      reason: error.reason,
      providerId: record.providerId,
      connectionId: record.id,
      ...(error.upstream && { upstream: error.upstream }),
    },
    { cause: error },
  )
}

export function pathNotAllowed(): ProviderError {
  return new ProviderError(
    "PATH_NOT_ALLOWED",
    "This connection's settings do not allow this path. An admin can add a pattern that covers it to `allowedPaths`.",
  )
}
