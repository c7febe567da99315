import type { Clock } from "../clock.ts"
import { canonical } from "../crypto/canonical.ts"
import { type Binding, openJson, sealJson } from "../crypto/seal.ts"
import type { ProviderError } from "../errors.ts"
import { createLru } from "../lru.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import { bytesOf } from "../redis/replies.ts"
import { entryName } from "./entry-names.ts"
import { type ErrorBody, fromErrorBody, toErrorBody } from "./sealed-error.ts"
import type { SeenConnection } from "./use.ts"

/** What the last live check of a connection found. */
export interface Status {
  connected: boolean
  /** Milliseconds since the epoch. */
  checkedAt: number
  error?: ProviderError
}

/** `outdated`: the cache was cleared, or settings changed, since it was found. */
export type KnownStatus = Status & { outdated: boolean }

/**
 * Last known statuses, sealed in Redis and in memory. They are about a configuration and end with it, as sessions do. After a
 * clear they are outdated: whoever can looks again, but to those who cannot it tells no less than before.
 */
export interface StatusCache {
  read(uses: readonly SeenConnection[]): Promise<Map<SeenConnection, KnownStatus>>
  write(use: SeenConnection, status: Status): Promise<void>
}

/** A status, and the generations of connection and platform in which it was found. */
interface Found extends Status {
  in: string
}

interface SealedStatus {
  at: number
  g: string
  e?: ErrorBody
}

const connectedMs = 3_600_000
const failedMs = 60_000

export function createStatusCache(deps: { redis: OptionalRedis; clock: Clock }): StatusCache {
  const { redis, clock } = deps
  const known = createLru<Found>(5_000)

  return {
    async read(uses) {
      const statuses = new Map<SeenConnection, KnownStatus>()
      if (uses.length === 0) return statuses
      const replies = await redis.ask([["MGET", ...uses.map(nameOf)]])
      const sealed = bytesOf(replies?.[0])
      uses.forEach((use, i) => {
        const bytes = sealed[i]
        const found = later(bytes && open(use, bytes), known.get(idOf(use)))
        if (!found || endOf(found) <= clock.now()) return
        const { in: generations, ...status } = found
        statuses.set(use, { ...status, outdated: generations !== generationsOf(use) })
      })
      return statuses
    },

    async write(use, { connected, checkedAt, error }) {
      const found: Found = { connected, checkedAt, ...(error && { error }), in: generationsOf(use) }
      known.set(idOf(use), found)
      const ttlMs = Math.max(1, endOf(found) - clock.now())
      await redis.ask([["SET", nameOf(use), seal(use, found), ttlMs]])
    },
  }

  function seal(use: SeenConnection, { checkedAt, error, in: generations }: Found): string {
    const body: SealedStatus = { at: checkedAt, g: generations, ...(error && { e: toErrorBody(error) }) }
    return sealJson(use.keys, "status", bindingOf(use), body, clock.now())
  }
}

function open(use: SeenConnection, sealed: Buffer): Found | undefined {
  const body = openJson<SealedStatus>(use.keys, "status", bindingOf(use), sealed)?.body
  if (!body) return undefined
  const { at: checkedAt, g: generations, e: error } = body
  return {
    connected: error === undefined,
    checkedAt,
    ...(error && { error: fromErrorBody(error) }),
    in: generations,
  }
}

/** Redis may have missed what was found while it was away. */
function later(shared: Found | undefined, own: Found | undefined): Found | undefined {
  return own && (!shared || own.checkedAt > shared.checkedAt) ? own : shared
}

const endOf = ({ connected, checkedAt }: Status) => checkedAt + (connected ? connectedMs : failedMs)

const nameOf = ({ keys, epoch }: SeenConnection) =>
  entryName(keys, "status", epoch.platformId, epoch.connectionId)

const bindingOf = ({ epoch }: SeenConnection): Binding => [
  epoch.platformId,
  epoch.connectionId,
  epoch.configId,
]

const idOf = (use: SeenConnection) => canonical(bindingOf(use))

const generationsOf = ({ epoch }: SeenConnection) => canonical([epoch.generation, epoch.platformGeneration])
