import { Redis } from "@upstash/redis"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type RedisServer, startRedis as startFront } from "../../local/redis.ts"
import { startRedis } from "./servers.ts"

const token = "sandbox-token"

describe("the Upstash front over a real Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let real: RedisServer
  let embedded: RedisServer
  let client: Redis

  beforeAll(async () => {
    redis = await startRedis()
    real = await startFront({ token, redisUrl: redis.url })
    embedded = await startFront({ token })
    // As the cache makes it.
    client = new Redis({
      url: real.url,
      token,
      retry: false,
      automaticDeserialization: false,
      responseEncoding: false,
      enableAutoPipelining: false,
      enableTelemetry: false,
      signal: () => AbortSignal.timeout(300),
    })
  })
  beforeEach(async () => {
    for (const front of [real, embedded]) await post(front, "/", ["FLUSHALL"])
  })
  afterAll(async () => {
    await real?.close()
    await embedded?.close()
    await redis?.stop()
  })

  const scripts: Record<string, string[][]> = {
    "text of any kind": ["", "OK", "héllo\u0000😀\n", "123", '{"a":1}'].flatMap((text) => [
      ["SET", "k", text],
      ["GET", "k"],
      ["MGET", "k", "none"],
    ]),
    leases: [
      ["SET", "k", "mine", "NX", "PX", "60000"],
      ["SET", "k", "yours", "NX", "PX", "60000"],
      ["SET", "k", "mine still", "XX", "PX", "60000"],
      ["SET", "none", "mine", "XX", "PX", "60000"],
      ["SET", "k", "last", "XX", "GET", "EX", "60"],
      ["TTL", "k"],
      ["SET", "k", "kept", "KEEPTTL"],
      ["TTL", "k"],
      ["SET", "k", "for good"],
      ["TTL", "k"],
      ["PTTL", "none"],
      ["EXPIRE", "k", "70"],
      ["TTL", "k"],
      ["PEXPIRE", "none", "70"],
      ["EXPIRE", "k", "0"],
      ["EXISTS", "k", "none"],
      ["DEL", "k", "none"],
    ],
    counters: [
      ["INCR", "n"],
      ["INCRBY", "n", "5"],
      ["INCRBY", "n", "x"],
      ["GET", "n"],
      ["SET", "text", "abc"],
      ["INCR", "text"],
    ],
    "sorted sets": [
      ["ZADD", "z", "1", "a", "2.5", "b", "3", "c"],
      ["ZADD", "z", "NX", "9", "a"],
      ["ZCOUNT", "z", "(1", "+inf"],
      ["ZREMRANGEBYSCORE", "z", "-inf", "2.5"],
      ["ZREM", "z", "c", "none"],
      ["ZCARD", "z"],
      ["EXISTS", "z"],
    ],
    "keys of another type": [
      ["ZADD", "z", "1", "a"],
      ["GET", "z"],
      ["INCR", "z"],
      ["MGET", "z"],
      ["SET", "z", "1"],
      ["ZCARD", "z"],
    ],
    mistakes: [
      ["SET", "k", "v", "FOO"],
      ["SET", "k", "v", "NX", "XX"],
      ["SET", "k", "v", "EX", "1", "PX", "1"],
      ["SET", "k", "v", "EX"],
      ["SET", "k", "v", "EX", "0"],
      ["SET", "k", "v", "EX", "1.5"],
      ["ZADD", "k", "one", "m"],
      ["ZADD", "k", "1", "m", "2"],
      ["ZCOUNT", "k", "a", "b"],
      ["GET"],
      ["NOPE", "x"],
    ],
  }

  test.each(Object.entries(scripts))("answers as the embedded one does: %s", async (_, script) => {
    for (const path of ["/pipeline", "/multi-exec"])
      expect(await post(embedded, path, script)).toEqual(await post(real, path, script))
    for (const command of script)
      expect(await post(embedded, "/", command)).toEqual(await post(real, "/", command))
  })

  test("answers again after Redis hung, and after it went away and came back, empty", async () => {
    await client.set("k", "before")

    redis.pause()
    await expect(client.get("k")).rejects.toMatchObject({ name: "TimeoutError" })
    redis.resume()
    expect(await client.get("k")).toBe("before")

    await redis.stop()
    await expect(client.get("k")).rejects.toThrow()
    await redis.restart()
    await expect.poll(() => client.get("k").catch(() => "not yet"), { timeout: 5_000 }).toBeNull()
  })
})

async function post(front: RedisServer, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(front.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}
