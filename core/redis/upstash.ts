import type { Redis as UpstashRedis } from "@upstash/redis"
import { type Clock, systemClock } from "../clock.ts"
import type { Redis, RedisCommand, RedisReply } from "./redis.ts"
import { restTransport } from "./transport.ts"

export interface UpstashOptions {
  url: string
  token: string
  /** Bound on one pipeline, its retry included, in milliseconds. @default 250 */
  timeoutMs?: number
  /** @default the system's */
  clock?: Clock
}

/**
 * Upstash Redis over its REST API. The SDK embeds the command, values and all, in the errors it throws, so none of
 * them passes. Its `signal` must be a function: for a plain AbortSignal it turns an aborted call into a success.
 */
export function upstashRedis(options: UpstashOptions): Redis {
  const { url, token, timeoutMs = 250, clock = systemClock } = options
  let client: Promise<UpstashRedis> | undefined

  return {
    async pipeline(commands) {
      client ??= connect()
      const pipeline = (await client).pipeline()
      for (const command of commands) append(pipeline, command)
      try {
        return await pipeline.exec<RedisReply[]>()
      } catch (error) {
        throw new Error(`Redis did not answer (${error instanceof Error ? error.name : "unknown error"}).`)
      }
    },
  }

  async function connect(): Promise<UpstashRedis> {
    const { Redis } = await import("@upstash/redis")
    const redis = new Redis({
      url,
      token,
      automaticDeserialization: false,
      responseEncoding: false,
      enableTelemetry: false,
      enableAutoPipelining: false,
    })
    const transport = restTransport({ url, token, timeoutMs, clock })
    redis.use((request) => transport(request))
    return redis
  }
}

type Pipeline = ReturnType<UpstashRedis["pipeline"]>

function append(pipeline: Pipeline, command: RedisCommand): void {
  switch (command[0]) {
    case "MGET": {
      const [, ...keys] = command
      pipeline.mget(...keys)
      return
    }
    case "SET": {
      const [, key, value, px, when] = command
      if (when === "NX") pipeline.set(key, value, { px, nx: true })
      else if (when === "XX") pipeline.set(key, value, { px, xx: true })
      else pipeline.set(key, value, { px })
      return
    }
    case "INCR":
      pipeline.incr(command[1])
      return
    case "PEXPIRE":
      pipeline.pexpire(command[1], command[2])
      return
    case "ZADD":
      pipeline.zadd(command[1], { score: command[2], member: command[3] })
      return
    case "ZCOUNT":
      pipeline.zcount(command[1], command[2], command[3])
      return
    case "ZREMRANGEBYSCORE":
      pipeline.zremrangebyscore(command[1], command[2], command[3])
      return
    case "ZREM":
      pipeline.zrem(command[1], command[2])
      return
    default:
      command satisfies never
  }
}
