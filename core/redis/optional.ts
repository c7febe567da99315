import type { Clock } from "../clock.ts"
import type { Metrics } from "../metrics.ts"
import type { Redis, RedisCommand, RedisReply } from "./redis.ts"

/** Redis as Latchkey uses it: a help that may be missing at any moment. */
export interface OptionalRedis {
  /** The replies, or undefined while Redis is out of reach: then go on without. */
  ask(commands: readonly RedisCommand[]): Promise<RedisReply[] | undefined>
}

const openForMs = 5_000

/**
 * What is asked beyond this, in characters sent and in values asked for, can fail by its size alone: too large for Redis'
 * front, or not there in time.
 */
const light = { characters: 256 * 1024, values: 16 }

/**
 * Turns failures of Redis into `undefined` and a metric. After one failure nobody asks for five seconds, so that an
 * outage costs a time-out once and nothing after; then one call tries, and the others still go without.
 *
 * The failure of a large request keeps only large ones away: one tenant's large resolves must not cost the others Redis.
 */
export function optionalRedis(deps: { redis: Redis; clock: Clock; metrics: Metrics }): OptionalRedis {
  const { redis, clock, metrics } = deps
  /** Until when nobody asks; 0 while all is well. */
  const closed = { all: 0, large: 0 }

  return {
    async ask(commands) {
      if (commands.length === 0) return []
      const now = clock.now()
      const concerned = isLarge(commands) ? (["all", "large"] as const) : (["all"] as const)
      if (concerned.some((which) => now < closed[which])) return undefined
      const recovering = concerned.filter((which) => closed[which] > 0)
      for (const which of recovering) closed[which] = now + openForMs
      try {
        const replies = await redis.pipeline(commands)
        for (const which of recovering) closed[which] = 0
        return replies
      } catch {
        closed[isLarge(commands) ? "large" : "all"] = clock.now() + openForMs
        metrics.count("RedisDegraded")
        return undefined
      }
    },
  }
}

function isLarge(commands: readonly RedisCommand[]): boolean {
  let characters = 0
  let values = 0
  for (const [name, ...words] of commands) {
    if (name === "MGET") values += words.length
    for (const word of words) if (typeof word === "string") characters += word.length
  }
  return values > light.values || characters > light.characters
}
