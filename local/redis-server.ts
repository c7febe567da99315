import { Redis, ReplyError } from "ioredis"
import type { RedisBackend, Reply } from "./redis-commands.ts"
import { SandboxError } from "./sandbox-error.ts"

/**
 * A real Redis behind the REST front.
 * @throws SandboxError when `url` cannot be reached
 */
export async function realRedis(url: string): Promise<RedisBackend> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => 200 })
  // Commands under way get the error; without a listener ioredis would print it as well.
  redis.on("error", () => undefined)
  try {
    await redis.connect()
  } catch (error) {
    redis.disconnect()
    throw new SandboxError("Redis at REDIS_URL cannot be reached; start it or unset the variable.", {
      cause: error,
    })
  }
  const batch = (commands: readonly string[][]) => commands.map((command) => ["call", ...command])
  return {
    pipeline: async (commands) => replies(await redis.pipeline(batch(commands)).exec()),
    transaction: async (commands) => {
      try {
        return replies(await redis.multi(batch(commands)).exec())
      } catch (error) {
        if (error instanceof ReplyError && (error as Error).message.startsWith("EXECABORT")) return undefined
        throw error
      }
    },
    close: async () => redis.disconnect(),
  }
}

function replies(results: [error: Error | null, result: unknown][] | null): Reply[] {
  return (results ?? []).map(([error, result]) => {
    if (error === null) return { result }
    // Anything but an answer of Redis itself means that Redis did not answer.
    if (!(error instanceof ReplyError)) throw error
    return { error: (error as Error).message }
  })
}
