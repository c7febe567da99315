import { LRUCache } from "lru-cache"
import type { Clock } from "../clock.ts"
import { ProviderError, type Reason, type Upstream } from "../errors.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import type { Helper } from "../redis/tolerant.ts"
import { openJson, sealJson } from "../secrets/entry.ts"
import { bindingOf, entryName } from "../secrets/tuple.ts"
import type { ConnectionUse } from "../secrets/use.ts"

/** What the last live check of a connection found. */
export interface Status {
  connected: boolean
  /** Milliseconds since the epoch. */
  checkedAt: number
  error?: ProviderError
}

/** Last known statuses, sealed in Redis and in memory. They end with an update, a clear or a successful test, as values do. */
export interface StatusCache {
  read(uses: readonly ConnectionUse[]): Promise<Map<ConnectionUse, Status>>
  write(use: ConnectionUse, status: Status): Promise<void>
}

const connectedMs = 3_600_000
const failedMs = 60_000

interface SealedStatus {
  a: number
  e?: { r: Reason; m: string; u?: Upstream }
}

export function createStatusCache(deps: { helper: Helper; clock: Clock }): StatusCache {
  const { helper, clock } = deps
  const known = new LRUCache<string, Status>({ max: 5_000 })

  return {
    async read(uses) {
      const statuses = new Map<ConnectionUse, Status>()
      if (uses.length === 0) return statuses
      const replies = await helper.ask([["MGET", ...uses.map(nameOf)]])
      const sealed = bytesOf(replies?.[0])
      uses.forEach((use, i) => {
        const bytes = sealed[i]
        const status = (bytes && open(use, bytes)) ?? known.get(use.key)
        if (status && endOf(status) > clock.now()) statuses.set(use, status)
      })
      return statuses
    },

    async write(use, status) {
      known.set(use.key, status)
      const { checkedAt, error } = status
      const body: SealedStatus = {
        a: checkedAt,
        ...(error && {
          e: { r: error.reason, m: error.message, ...(error.upstream && { u: error.upstream }) },
        }),
      }
      const sealed = sealJson(use.keys, "status", bindingOf(use.tuple, ""), body, clock.now())
      const command: RedisCommand = ["SET", nameOf(use), sealed, Math.max(1, endOf(status) - clock.now())]
      await helper.ask([command])
    },
  }
}

function open(use: ConnectionUse, sealed: Buffer): Status | undefined {
  const opened = openJson<SealedStatus>(use.keys, "status", bindingOf(use.tuple, ""), sealed)
  if (!opened) return undefined
  const { a: checkedAt, e } = opened.body
  if (!e) return { connected: true, checkedAt }
  return { connected: false, checkedAt, error: new ProviderError(e.r, e.m, e.u ? { upstream: e.u } : {}) }
}

const endOf = ({ connected, checkedAt }: Status) => checkedAt + (connected ? connectedMs : failedMs)

const nameOf = ({ keys, tuple }: ConnectionUse) =>
  entryName(keys, "status", tuple.platformId, tuple.connectionId)
