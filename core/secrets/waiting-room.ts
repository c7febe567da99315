import { entryName } from "../connections/entry-names.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import { createLru } from "../lru.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"

/** So many fetches of one platform may wait on secret managers at a time: one platform must not starve another. */
const maxWaiting = 200

/** When the count of a platform that fetches nothing any more may be forgotten, at least. */
const forgottenMs = 60_000

/** A fetch's place among those of its platform that wait on secret managers. */
export interface Place {
  /** To be put into the pipeline that the fetch asks anyway; the count is the reply of the last. */
  enter(now: number): RedisCommand[]
  /** @throws LatchkeyError `THROTTLED` where the platform has too many waiting; `count` is undefined while Redis is out of reach */
  admit(count: RedisReply | undefined): void
  /** To be called when the fetch ends, however it ends. What Redis is to be told; nothing the second time, or where it never entered. */
  leave(): RedisCommand[]
}

export interface WaitingRoom {
  place(keys: PlatformKeys, platformId: string, timeoutMs: number): Place
}

/**
 * Counts across instances by a sorted set in Redis with the fetches' deadlines as scores, so that what a dead instance
 * left behind stops counting; within this instance while Redis is out of reach.
 */
export function createWaitingRoom(): WaitingRoom {
  const here = createLru<number>(10_000)

  return {
    place(keys, platformId, timeoutMs) {
      const name = entryName(keys, "waiting", platformId)
      const member = newNonce()
      let entered = false
      let left = false
      here.set(platformId, (here.get(platformId) ?? 0) + 1)
      return {
        enter(now) {
          entered = true
          return [
            ["ZREMRANGEBYSCORE", name, "-inf", now],
            ["ZADD", name, now + timeoutMs, member],
            ["PEXPIRE", name, Math.max(forgottenMs, 2 * timeoutMs)],
            ["ZCOUNT", name, now, "+inf"],
          ]
        },
        admit(count) {
          const waiting = typeof count === "number" ? count : (here.get(platformId) ?? 0)
          if (waiting > maxWaiting)
            throw new LatchkeyError(
              "THROTTLED",
              "Too many of this platform's resolves are waiting for secret managers. Try again shortly; a secret manager that answers slowly may be the cause.",
              { retryAfterSeconds: 1 },
            )
        },
        leave() {
          if (left) return []
          left = true
          const others = (here.get(platformId) ?? 1) - 1
          if (others > 0) here.set(platformId, others)
          else here.delete(platformId)
          return entered ? [["ZREM", name, member]] : []
        },
      }
    },
  }
}
