import { setImmediate } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import type { Clock } from "../clock.ts"
import { notFound, usable } from "../connections/access.ts"
import { bindingOf, epochOf } from "../connections/cache-epoch.ts"
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
import type { LastSeen } from "./last-seen.ts"
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

/** What becomes of each reference under some records, and the documents that takes, each once. */
interface Plan {
  decisions: Decision[]
  needed: Needed[]
}

interface Needed {
  state: DocumentState
  /** What memory has of it; not, where nothing of it is cached. */
  recalled: Entry | undefined
  cached: boolean
}

/** A connection that a request may use, with the documents of it that are needed. */
interface Reached {
  use: ConnectionUse
  allowed: AllowedPaths
  documents: Map<string, DocumentState>
}

/**
 * Guess, then decide. While the one consistent read of the records is under way, it is planned what to do if they are as they
 * were seen last, and Redis is asked for what that takes. What is opened and used is decided under the records just read:
 * where these are the same in every bit, by that plan, else by one of their own, for which Redis may be asked once more.
 */
export function createLookup(deps: {
  store: ConnectionStore
  keyring: Keyring
  redis: OptionalRedis
  memory: MemoryTier
  lastSeen: LastSeen
  clock: Clock
}): Lookup {
  const { store, keyring, redis, memory, lastSeen, clock } = deps

  return {
    async decide(request) {
      const { platformId, wanted } = request
      const connectionIds = [...new Set(wanted.map(({ connectionId }) => connectionId))]
      const [{ platform, connections }, guessed] = await settled([
        store.read(platformId, connectionIds),
        // What was seen last may be a record that nothing can be planned with, and not be what is stored any more.
        guess(request, connectionIds).catch(() => undefined),
      ])
      if (!platform) return wanted.map(({ connectionId }) => ({ ok: false, error: notFound(connectionId) }))
      const snapshot = { platform, connections }
      const keys = await keyring.unwrap(platform)
      const good = guessed?.keys === keys ? guessed : undefined
      if (good && isDeepStrictEqual(good.snapshot, snapshot)) {
        await consultCaches(good.plan.needed, good.replies, good.nameOf)
        return good.plan.decisions
      }
      lastSeen.remember(snapshot)
      const { decisions, needed } = plan(request, snapshot, keys)
      await consultCaches(needed, good?.replies ?? new Map(), good?.nameOf ?? namesUnder(keys, platformId))
      return decisions
    },
  }

  /** The plan under the records seen last, and what Redis has of the documents that are not in memory. */
  async function guess(request: LookupRequest, connectionIds: readonly string[]) {
    // The read shall be on its way before anything is computed.
    await setImmediate()
    const { platformId } = request
    const keys = keyring.guess(platformId)
    const snapshot = lastSeen.of(platformId, connectionIds)
    if (!keys || !snapshot) return undefined
    const guessed = plan(request, snapshot, keys)
    const nameOf = namesUnder(keys, platformId)
    const names = guessed.needed
      .filter(({ cached, recalled }) => cached && recalled === undefined)
      .map(({ state }) => nameOf(state.use.epoch.connectionId, state.document))
    return { keys, snapshot, plan: guessed, nameOf, replies: await askFor(names) }
  }

  async function askFor(names: readonly string[]): Promise<Map<string, Buffer | undefined>> {
    if (names.length === 0) return new Map()
    const replies = await redis.ask([["MGET", ...names]])
    const values = bytesOf(replies?.[0])
    return new Map(names.map((name, i) => [name, values[i]]))
  }

  /** Decides every reference under some records, and gathers the distinct documents. */
  function plan(
    { projectId, wanted }: LookupRequest,
    snapshot: Required<Snapshot>,
    keys: PlatformKeys,
  ): Plan {
    const within = projectId === undefined ? [] : [projectId]
    const reached = new Map<string, Reached | LatchkeyError>()
    const needed: Needed[] = []
    const decisions = wanted.map((one): Decision => {
      const connection = reach(one.connectionId)
      if (connection instanceof LatchkeyError) return { ok: false, error: connection }
      return decideOne(one, connection)
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

    function decideOne(one: Wanted, { use, allowed, documents }: Reached): Decision {
      const { record } = use
      const ref = parse(record.providerId, one)
      if (ref instanceof ProviderError) return { ok: false, error: secretFailed(ref, record) }
      if (!allowed.allows(ref.path)) return { ok: false, error: secretFailed(pathNotAllowed(), record) }
      const { document, uncached = false } = ref
      let state = documents.get(document)
      if (state === undefined) {
        state = { use, document, uncached }
        documents.set(document, state)
        const cached = !uncached && record.settings.cacheTtlSeconds > 0
        needed.push({ state, cached, recalled: cached ? memory.get(use.epoch, document) : undefined })
      }
      return { ok: true, ref, state }
    }
  }

  /** Memory first, then what Redis answered already, then Redis once more for what nobody asked for yet. */
  async function consultCaches(
    needed: readonly Needed[],
    replies: ReadonlyMap<string, Buffer | undefined>,
    nameOf: Naming,
  ): Promise<void> {
    const unasked: { state: DocumentState; name: string }[] = []
    const now = clock.now()
    for (const { state, cached, recalled } of needed) {
      if (!cached) continue
      const { use, document } = state
      const entry = recalled && recalled.freshUntil > now ? recalled : memory.get(use.epoch, document)
      if (entry) {
        state.answer = foundOf(entry, "memory")
        continue
      }
      const name = nameOf(use.epoch.connectionId, document)
      if (replies.has(name)) open(state, replies.get(name))
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
      state.answer = foundOf(entry, "cache")
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
