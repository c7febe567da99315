import { entryName } from "../connections/tuple.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import { createLru } from "../lru.ts"
import type { RedisCommand, RedisReply } from "../redis/redis.ts"

/** So many fetches of one platform may wait on secret managers at a time: one platform must not starve another. */
const maxWaiting = 200

/** A fetch's place among those of its platform that wait on secret managers. */
export interface Place {
  /** To be put into the pipeline that the fetch asks anyway; the count is the reply of the last. */
  enter(now: number): RedisCommand[]
  leave(): RedisCommand[]
  /** @throws LatchkeyError `THROTTLED` where the platform has too many waiting; `count` is undefined while Redis is out of reach */
  admit(count: RedisReply | undefined): void
  /** To be called when the fetch ends, however it ends. */
  end(): void
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
      here.set(platformId, (here.get(platformId) ?? 0) + 1)
      return {
        enter: (now) => [
          ["ZREMRANGEBYSCORE", name, "-inf", now],
          ["ZADD", name, now + timeoutMs, member],
          ["PEXPIRE", name, 2 * timeoutMs],
          ["ZCOUNT", name, now, "+inf"],
        ],
        leave: () => [["ZREM", name, member]],
        admit(count) {
          const waiting = count === undefined ? (here.get(platformId) ?? 0) : Number(count)
          if (waiting > maxWaiting)
            throw new LatchkeyError(
              "THROTTLED",
              "Too many of this platform's resolves are waiting for secret managers. Try again shortly; a secret manager that answers slowly may be the cause.",
              { retryAfterSeconds: 1 },
            )
        },
        end() {
          const left = (here.get(platformId) ?? 1) - 1
          if (left > 0) here.set(platformId, left)
          else here.delete(platformId)
        },
      }
    },
  }
}
