import { describe, expect, test } from "vitest"
import { optionalRedis } from "../../core/redis/optional.ts"
import type { Redis, RedisCommand, RedisReply } from "../../core/redis/redis.ts"
import { bytesOf } from "../../core/redis/replies.ts"
import { movedClock } from "../support/moved-clock.ts"

function wrapped() {
  const clock = movedClock()
  const counted: string[] = []
  const state: { calls: number; answer: () => Promise<RedisReply[]> } = {
    calls: 0,
    answer: async () => ["OK"],
  }
  const redis: Redis = {
    pipeline() {
      state.calls++
      return state.answer()
    },
  }
  const metrics = { count: (name: string) => void counted.push(name), time: () => {} }
  const optional = optionalRedis({ redis, clock, metrics })
  const ask = () => optional.ask([["INCR", "a"]])
  const down = async (): Promise<never> => {
    throw new Error("down")
  }
  return { clock, counted, state, optional, ask, down }
}

describe("Redis that may be missing", () => {
  test("answers while it is there", async () => {
    const { ask } = wrapped()
    expect(await ask()).toEqual(["OK"])
  })

  test("is not asked nothing", async () => {
    const { optional, state } = wrapped()
    expect(await optional.ask([])).toEqual([])
    expect(state.calls).toBe(0)
  })

  test("fails as undefined and in a metric, then is left alone for five seconds", async () => {
    const { clock, counted, state, ask, down } = wrapped()
    state.answer = down
    expect(await ask()).toBeUndefined()
    expect(counted).toEqual(["RedisDegraded"])
    state.answer = async () => ["OK"]
    clock.advance(4_999)
    expect(await ask()).toBeUndefined()
    expect(state.calls).toBe(1)
    clock.advance(1)
    expect(await ask()).toEqual(["OK"])
    expect(await ask()).toEqual(["OK"])
    expect(state.calls).toBe(3)
  })

  test("that throws at once, instead of rejecting, fails like any other", async () => {
    const { state, ask } = wrapped()
    state.answer = () => {
      throw new Error("down")
    }
    expect(await ask()).toBeUndefined()
  })

  test("is tried by one when the pause is over, while the others go on without", async () => {
    const { clock, state, ask, down } = wrapped()
    state.answer = down
    await ask()
    clock.advance(5_000)
    const { promise, resolve } = Promise.withResolvers<RedisReply[]>()
    state.answer = () => promise
    const first = ask()
    expect(await ask()).toBeUndefined()
    expect(state.calls).toBe(2)
    resolve(["OK"])
    expect(await first).toEqual(["OK"])
    expect(await ask()).toEqual(["OK"])
  })

  test("that fails again is left alone again", async () => {
    const { clock, state, ask, down } = wrapped()
    state.answer = down
    await ask()
    clock.advance(5_000)
    expect(await ask()).toBeUndefined()
    clock.advance(4_999)
    expect(await ask()).toBeUndefined()
    expect(state.calls).toBe(2)
  })
})

describe("a failure of what is large", () => {
  const large: [string, readonly RedisCommand[]][] = [
    ["many values asked for", [["MGET", ...Array.from({ length: 17 }, (_, n) => `name ${n}`)]]],
    ["much sent at once", [["SET", "name", "v".repeat(300_000), 1_000]]],
  ]

  test.each(large)("(%s) keeps only large requests away", async (_, commands) => {
    const { clock, state, optional, ask, down } = wrapped()
    state.answer = down
    expect(await optional.ask(commands)).toBeUndefined()
    state.answer = async () => ["OK"]
    expect(await ask()).toEqual(["OK"])
    expect(await optional.ask(commands)).toBeUndefined()
    clock.advance(5_000)
    expect(await optional.ask(commands)).toEqual(["OK"])
    expect(state.calls).toBe(3)
  })

  test.each(large)("(%s): an outage that anyone else met keeps it away too", async (_, commands) => {
    const { state, optional, ask, down } = wrapped()
    state.answer = down
    await ask()
    expect(await optional.ask(commands)).toBeUndefined()
    expect(state.calls).toBe(1)
  })
})

describe("the values of an MGET", () => {
  test("are bytes; what is missing, no text or over 512 KiB is not there", () => {
    const largest = "A".repeat(512 * 1024)
    const values = bytesOf([Buffer.from("v").toString("base64"), null, largest, `${largest}A`, "\u0000!"])
    expect(values.map((value) => value?.length)).toEqual([1, undefined, 384 * 1024, undefined, 0])
    expect(bytesOf([7 as unknown as string])).toEqual([undefined])
  })

  test("are none where Redis answered something else", () => {
    for (const reply of [undefined, null, "OK", 7]) expect(bytesOf(reply)).toEqual([])
  })
})
