import type { Clock } from "../../core/clock.ts"
import type { Redis, RedisCommand, RedisReply } from "../../core/redis/redis.ts"

/** Redis in memory, shared by the instances of a test. What an adversary could do to a real one, `entries` allows. */
export interface MemoryRedis extends Redis {
  entries: Map<string, { value: string; until: number }>
  /** Pipelines and commands asked so far. */
  asked: { pipelines: number; commands: string[] }
  /** While true every call fails, as if Redis were gone. */
  down: boolean
}

export function memoryRedis(clock: Clock): MemoryRedis {
  const entries: MemoryRedis["entries"] = new Map()
  const sorted = new Map<string, Map<string, number>>()
  const asked: MemoryRedis["asked"] = { pipelines: 0, commands: [] }

  const redis: MemoryRedis = {
    entries,
    asked,
    down: false,
    async pipeline(commands) {
      asked.pipelines++
      if (redis.down) throw new Error("Redis is down.")
      return commands.map((command) => {
        asked.commands.push(command[0])
        return run(command)
      })
    },
  }
  return redis

  function live(key: string): string | null {
    const entry = entries.get(key)
    if (entry && entry.until > clock.now()) return entry.value
    entries.delete(key)
    return null
  }

  function run(command: RedisCommand): RedisReply {
    switch (command[0]) {
      case "MGET":
        return command.slice(1).map((key) => live(String(key)))
      case "SET": {
        const [, key, value, ttlMs, when] = command
        if (!Number.isSafeInteger(ttlMs) || ttlMs <= 0)
          throw new Error("ERR value is not an integer or out of range")
        const there = live(key) !== null
        if ((when === "NX" && there) || (when === "XX" && !there)) return null
        entries.set(key, { value, until: clock.now() + ttlMs })
        return "OK"
      }
      case "INCR": {
        const value = Number(live(command[1]) ?? 0) + 1
        if (!Number.isSafeInteger(value)) throw new Error("ERR value is not an integer or out of range")
        entries.set(command[1], { value: String(value), until: Number.POSITIVE_INFINITY })
        return value
      }
      case "PEXPIRE": {
        const entry = entries.get(command[1])
        if (entry) entry.until = clock.now() + command[2]
        return entry ? 1 : 0
      }
      case "ZADD": {
        const set = sorted.get(command[1]) ?? new Map()
        sorted.set(command[1], set.set(command[3], command[2]))
        return 1
      }
      case "ZCOUNT":
        return [...(sorted.get(command[1])?.values() ?? [])].filter((score) => score >= command[2]).length
      case "ZREMRANGEBYSCORE": {
        const set = sorted.get(command[1])
        const past = [...(set ?? [])].filter(([, score]) => score <= command[3])
        for (const [member] of past) set?.delete(member)
        return past.length
      }
      case "ZREM":
        return sorted.get(command[1])?.delete(command[2]) ? 1 : 0
      default:
        return command satisfies never
    }
  }
}
