import type { Clock } from "../clock.ts"
import { openJson, sealJson } from "../crypto/seal.ts"
import type { ProviderError } from "../errors.ts"
import { createLru } from "../lru.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { bindingOf } from "./cache-epoch.ts"
import { entryName } from "./entry-names.ts"
import { openError, sealError } from "./sealed-error.ts"
import type { SeenConnection } from "./use.ts"

/** What the last live check of a connection found. */
export interface Status {
  connected: boolean
  /** Milliseconds since the epoch. */
  checkedAt: number
  error?: ProviderError
}

/** Last known statuses, sealed in Redis and in memory. They end with an update, a clear or a successful test, as values do. */
export interface StatusCache {
  read(uses: readonly SeenConnection[]): Promise<Map<SeenConnection, Status>>
  write(use: SeenConnection, status: Status): Promise<void>
}

const connectedMs = 3_600_000
const failedMs = 60_000

export function createStatusCache(deps: { redis: OptionalRedis; clock: Clock }): StatusCache {
  const { redis, clock } = deps
  const known = createLru<Status>(5_000)

  return {
    async read(uses) {
      const statuses = new Map<SeenConnection, Status>()
      if (uses.length === 0) return statuses
      const replies = await redis.ask([["MGET", ...uses.map(nameOf)]])
      const sealed = bytesOf(replies?.[0])
      uses.forEach((use, i) => {
        const bytes = sealed[i]
        const status = later(bytes && open(use, bytes), known.get(use.key))
        if (status && endOf(status) > clock.now()) statuses.set(use, status)
      })
      return statuses
    },

    async write(use, status) {
      known.set(use.key, status)
      const command: RedisCommand = [
        "SET",
        nameOf(use),
        seal(use, status),
        Math.max(1, endOf(status) - clock.now()),
      ]
      await redis.ask([command])
    },
  }

  function seal({ keys, epoch }: SeenConnection, { checkedAt, error }: Status): string {
    const binding = bindingOf(epoch, "")
    if (error) return sealError(keys, "failed-status", binding, { error, freshUntil: checkedAt }, clock.now())
    return sealJson(keys, "status", binding, checkedAt, clock.now())
  }
}

function open({ keys, epoch }: SeenConnection, sealed: Buffer): Status | undefined {
  const binding = bindingOf(epoch, "")
  const connected = openJson<number>(keys, "status", binding, sealed)
  if (connected) return { connected: true, checkedAt: connected.body }
  const failed = openError(keys, "failed-status", binding, sealed)
  return failed && { connected: false, checkedAt: failed.freshUntil, error: failed.error }
}

/** Redis may have missed what was found while it was away. */
function later(shared: Status | undefined, own: Status | undefined): Status | undefined {
  return own && (!shared || own.checkedAt > shared.checkedAt) ? own : shared
}

const endOf = ({ connected, checkedAt }: Status) => checkedAt + (connected ? connectedMs : failedMs)

const nameOf = ({ keys, epoch }: SeenConnection) =>
  entryName(keys, "status", epoch.platformId, epoch.connectionId)
