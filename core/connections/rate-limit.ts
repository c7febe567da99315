import { createHash } from "node:crypto"
import type { Clock } from "../clock.ts"
import { canonical } from "../crypto/canonical.ts"
import { LatchkeyError } from "../errors.ts"
import { createLru } from "../lru.ts"
import type { OptionalRedis } from "../redis/optional.ts"

/** Bounds how often a platform has its secret managers contacted at an admin's word. */
export interface RateLimit {
  /** @throws LatchkeyError `THROTTLED` over the limit */
  take(platformId: string): Promise<void>
}

const perMinute = 30
const minute = 60_000

/** Counted across instances in Redis, within this instance while Redis is out of reach; by minutes of the clock. */
export function createRateLimit({ redis, clock }: { redis: OptionalRedis; clock: Clock }): RateLimit {
  const here = createLru<number>(10_000)
  return {
    async take(platformId) {
      const now = clock.now()
      const window = canonical(["rate", platformId, String(Math.floor(now / minute))])
      const taken = (here.get(window) ?? 0) + 1
      here.set(window, taken)
      const name = createHash("sha256").update(window).digest("base64url")
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
