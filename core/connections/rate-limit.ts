import type { Clock } from "../clock.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { createLru } from "../lru.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import { entryName } from "./entry-names.ts"

/** Bounds how often a platform has its secret managers contacted at an admin's word. */
export interface RateLimit {
  /** @param keys the platform's. @throws LatchkeyError `THROTTLED` over the limit */
  take(platformId: string, keys: PlatformKeys): Promise<void>
}

const perMinute = 30
const minute = 60_000

/** Counted across instances in Redis, within this instance while Redis is out of reach; by minutes of the clock. */
export function createRateLimit({ redis, clock }: { redis: OptionalRedis; clock: Clock }): RateLimit {
  const here = createLru<number>(10_000)
  return {
    async take(platformId, keys) {
      const now = clock.now()
      const name = entryName(keys, "rate", platformId, "", String(Math.floor(now / minute)))
      const taken = (here.get(name) ?? 0) + 1
      here.set(name, taken)
      const replies = await redis.ask([
        ["INCR", name],
        ["PEXPIRE", name, 2 * minute],
      ])
      if (Math.max(taken, Number(replies?.[0] ?? 0)) <= perMinute) return
      throw new LatchkeyError(
        "THROTTLED",
        `A platform may test, create, update with configuration and browse ${perMinute} times a minute. Wait, then try again.`,
        { retryAfterSeconds: Math.ceil((minute - (now % minute)) / 1000) },
      )
    },
  }
}
