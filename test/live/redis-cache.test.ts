import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { optionalRedis } from "../../core/redis/optional.ts"
import type { Redis } from "../../core/redis/redis.ts"
import { bytesOf } from "../../core/redis/replies.ts"
import { upstashRedis } from "../../core/redis/upstash.ts"
import { type RedisServer, startRedis as startFront } from "../../local/redis.ts"
import { callerOf, connect, resolve, service, world } from "../support/instance.ts"
import { startRedis } from "./servers.ts"

const token = "sandbox-token"

/** What a real Redis does, behind the REST front, with what the cache asks of it. */
describe("the cache's Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let front: RedisServer
  let redis: Redis
  let keys = 0
  /** A name that no other test has. */
  let key: string

  beforeAll(async () => {
    server = await startRedis()
    front = await startFront({ token, redisUrl: server.url })
    // As it is deployed, but for a machine under load.
    redis = upstashRedis({ url: front.url, token, timeoutMs: 2_000 })
  })
  beforeEach(() => {
    key = `key-${keys++}`
  })
  afterAll(async () => {
    await front?.close()
    await server?.stop()
  })

  describe("SET", () => {
    test("with NX is done once, by one of all who try at the same time", async () => {
      const tries = Array.from({ length: 20 }, (_, n) => redis.pipeline([["SET", key, `${n}`, 60_000, "NX"]]))
      const replies = (await Promise.all(tries)).flat()
      expect(replies.filter((reply) => reply === "OK")).toHaveLength(1)
      expect(replies.filter((reply) => reply === null)).toHaveLength(19)
      expect(await redis.pipeline([["MGET", key]])).toEqual([[`${replies.indexOf("OK")}`]])
    })

    test("with XX is done where there is something, and never brings back what has expired", async () => {
      expect(await redis.pipeline([["SET", key, "a", 60_000, "XX"]])).toEqual([null])
      await redis.pipeline([["SET", key, "b", 20]])
      await expect.poll(() => redis.pipeline([["MGET", key]]), { interval: 5 }).toEqual([[null]])
      expect(await redis.pipeline([["SET", key, "c", 60_000, "XX"]])).toEqual([null])
      expect(await redis.pipeline([["MGET", key]])).toEqual([[null]])
    })

    test("with XX gives a lease more time", async () => {
      const replies = await redis.pipeline([
        ["SET", key, "mine", 200, "NX"],
        ["SET", key, "mine", 60_000, "XX"],
      ])
      expect(replies).toEqual(["OK", "OK"])
      await systemClock.sleep(250)
      expect(await redis.pipeline([["SET", key, "yours", 60_000, "NX"]])).toEqual([null])
    })

    test("lets go after its milliseconds: a lease that nobody renews is free again", async () => {
      await redis.pipeline([["SET", key, "mine", 30, "NX"]])
      await expect
        .poll(() => redis.pipeline([["SET", key, "yours", 60_000, "NX"]]), { interval: 5 })
        .toEqual(["OK"])
      expect(await redis.pipeline([["MGET", key]])).toEqual([["yours"]])
    })

    test("replaces value and time of what was there", async () => {
      await redis.pipeline([
        ["SET", key, "value", 30],
        ["SET", key, "marker", 60_000],
      ])
      await systemClock.sleep(50)
      expect(await redis.pipeline([["MGET", key]])).toEqual([["marker"]])
    })
  })

  test("MGET answers in the order asked for, with null for what is missing", async () => {
    await redis.pipeline([
      ["SET", `${key}a`, "1", 60_000],
      ["SET", `${key}b`, '{"a":1}', 60_000],
    ])
    expect(await redis.pipeline([["MGET", `${key}b`, key, `${key}a`, `${key}b`]])).toEqual([
      ['{"a":1}', null, "1", '{"a":1}'],
    ])
  })

  test("a counter counts every caller, and ends with its window", async () => {
    const taken = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const [count] = await redis.pipeline([
          ["INCR", key],
          ["PEXPIRE", key, 300],
        ])
        return count
      }),
    )
    expect(taken.sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await expect.poll(() => redis.pipeline([["MGET", key]]), { interval: 20 }).toEqual([[null]])
    expect(await redis.pipeline([["INCR", key]])).toEqual([1])
  })

  test("a sorted set keeps places by their deadline: the past is swept, the rest counted", async () => {
    const now = 1_767_225_600_000
    const replies = await redis.pipeline([
      ["ZADD", key, now - 1, "past"],
      ["ZADD", key, now, "now"],
      ["ZADD", key, now + 5_000, "mine"],
      ["ZADD", key, now + 5_000, "yours"],
      ["ZADD", key, now + 9_000, "mine"],
      ["ZCOUNT", key, now + 1, "+inf"],
      ["ZREMRANGEBYSCORE", key, "-inf", now],
      ["ZREM", key, "yours"],
      ["ZREM", key, "yours"],
      ["ZCOUNT", key, now + 5_001, "+inf"],
      ["PEXPIRE", key, 60_000],
    ])
    expect(replies).toEqual([1, 1, 1, 1, 0, 2, 2, 1, 0, 1, 1])
  })

  test.each([1, 100 * 1024, 512 * 1024])(
    "keeps a value of %i characters to the last byte",
    async (length) => {
      const value = Buffer.alloc(Math.ceil((length * 3) / 4), 7)
        .toString("base64")
        .slice(0, length)
      await redis.pipeline([["SET", key, value, 60_000]])
      const [reply] = await redis.pipeline([["MGET", key, key, key]])
      expect(reply).toEqual([value, value, value])
      expect(
        bytesOf(reply)[0]
          ?.toString("base64")
          .slice(0, length - 4),
      ).toBe(value.slice(0, length - 4))
    },
  )

  test("takes what is larger than it should be for missing", async () => {
    await redis.pipeline([["SET", key, "A".repeat(512 * 1024 + 4), 60_000]])
    const [reply] = await redis.pipeline([["MGET", key]])
    expect(bytesOf(reply)).toEqual([undefined])
  })

  test("fails the pipeline where a command fails, and says nothing of it", async () => {
    await redis.pipeline([["SET", key, "s3cret", 60_000]])
    const error = await redis.pipeline([["INCR", key]]).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Error)
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain("s3cret")
  })

  describe("that is out of reach", () => {
    afterEach(async () => {
      server.resume()
      await server.restart()
      await expect
        .poll(() => redis.pipeline([["SET", "there", "1", 1_000]]).catch(() => "not yet"), {
          timeout: 10_000,
        })
        .toEqual(["OK"])
    })

    const outages: [string, () => unknown][] = [
      ["hangs", () => server.pause()],
      ["is gone", () => server.stop()],
    ]

    test.each(outages)(
      "(it %s) fails within its time, is left alone, and is asked again after five seconds",
      async (_, fail) => {
        const clock = { ...systemClock, now: () => time }
        let time = 0
        const counted: string[] = []
        const metrics = { count: (name: string) => void counted.push(name), time: () => {} }
        const redis = optionalRedis({ redis: upstashRedis({ url: front.url, token }), clock, metrics })
        expect(await redis.ask([["SET", key, "v", 60_000]])).toEqual(["OK"])

        await fail()
        const began = performance.now()
        expect(await redis.ask([["MGET", key]])).toBeUndefined()
        expect(performance.now() - began).toBeLessThan(2_000)
        front.requests.reset()
        expect(await redis.ask([["MGET", key]])).toBeUndefined()
        expect([front.requests.count(), counted]).toEqual([0, ["RedisDegraded"]])

        server.resume()
        await server.restart()
        await expect
          .poll(
            () => {
              time += 5_000
              return redis.ask([["MGET", key]])
            },
            { timeout: 10_000 },
          )
          .toEqual([[null]])
      },
    )

    test.each(outages)("(it %s) fails no resolve, and is used again once it is back", async (_, fail) => {
      const shared = world()
      const real = { redis: upstashRedis({ url: front.url, token, timeoutMs: 1_000 }) }
      const [one, two] = [shared.instance(real), shared.instance(real)]
      const id = await connect(one, { settings: { cacheTtlSeconds: 600 } })
      const sourceOf = async (latchkey = one) =>
        (await resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`)).references[0]?.source
      shared.vault.documents.set("secret/data/app", { key: "v" })
      expect([await sourceOf(one), await sourceOf(two)]).toEqual(["provider", "cache"])

      await fail()
      await one.clear(callerOf(one, service), id)
      expect([await sourceOf(one), await sourceOf(two)]).toEqual(["provider", "provider"])

      server.resume()
      await server.restart()
      await one.clear(callerOf(one, service), id)
      await expect
        .poll(
          async () => {
            shared.clock.advance(5_000)
            await one.clear(callerOf(one, service), id)
            return [await sourceOf(one), await sourceOf(two)]
          },
          { timeout: 10_000 },
        )
        .toEqual(["provider", "cache"])
    })
  })
})
