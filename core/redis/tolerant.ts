import type { Clock } from "../clock.ts"
import type { Metrics } from "../metrics.ts"
import type { Redis, RedisCommand, RedisReply } from "./redis.ts"

/** Redis as Latchkey uses it: a help that may be missing at any moment. */
export interface Helper {
  /** The replies, or undefined while Redis is out of reach: then go on without. */
  ask(commands: readonly RedisCommand[]): Promise<RedisReply[] | undefined>
}

const openForMs = 5_000

/**
 * Turns failures of Redis into `undefined` and a metric. After one failure nobody asks for five seconds, so that an
 * outage costs a time-out once and nothing after; then one call tries, and the others still go without.
 */
export function tolerant(deps: { redis: Redis; clock: Clock; metrics: Metrics }): Helper {
  const { redis, clock, metrics } = deps
  let closedFrom = 0

  return {
    async ask(commands) {
      if (commands.length === 0) return []
      const now = clock.now()
      if (now < closedFrom) return undefined
      const recovering = closedFrom > 0
      if (recovering) closedFrom = now + openForMs
      try {
        const replies = await redis.pipeline(commands)
        if (recovering) closedFrom = 0
        return replies
      } catch {
        closedFrom = clock.now() + openForMs
        metrics.count("RedisDegraded")
        return undefined
      }
    },
  }
}
