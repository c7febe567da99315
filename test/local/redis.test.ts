import { Redis } from "@upstash/redis"
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { type RedisServer, startRedis } from "../../local/redis.ts"
import { describeRedisCommands } from "./redis-suite.ts"

const token = "sandbox-token"
let server: RedisServer
let redis: Redis

/** As the cache makes it. */
const clientOf = (url: string, options: { base64?: boolean; token?: string } = {}) =>
  new Redis({
    url,
    token: options.token ?? token,
    retry: false,
    automaticDeserialization: false,
    responseEncoding: options.base64 ? "base64" : false,
    enableTelemetry: false,
    enableAutoPipelining: false,
  })

const raw = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })

const run = async (...command: (string | number)[]) => (await raw("/", command)).json()

beforeAll(async () => {
  server = await startRedis({ token })
  redis = clientOf(server.url)
})

beforeEach(async () => {
  await redis.flushall()
  server.requests.reset()
  server.commands.reset()
})

afterAll(() => server.close())

describe("the Upstash front, asked by Upstash's client", () => {
  test.each([{ base64: false }, { base64: true }])("keeps any text as it is (%o)", async (options) => {
    const client = clientOf(server.url, options)
    for (const text of ["", "OK", "héllo\u0000😀\n", "123", '{"a":1}']) {
      expect(await client.set("k", text)).toBe("OK")
      expect(await client.get("k")).toBe(text)
    }
    expect(await client.mget("k", "none")).toEqual(['{"a":1}', null])
  })

  test("pipelines commands in one request and answers each", async () => {
    const replies = await redis
      .pipeline()
      .set("a", "1", { ex: 60 })
      .set("a", "2", { nx: true, px: 500 })
      .get("a")
      .zadd("z", { score: 1, member: "m" }, { score: 2, member: "n" })
      .zremrangebyscore("z", 0, 1)
      .zcard("z")
      .exec()
    expect(replies).toEqual(["OK", null, "1", 2, 1, 1])
    expect(server.requests.all()).toEqual({ "/pipeline": 1 })
    expect(server.commands.all()).toEqual({ SET: 2, GET: 1, ZADD: 1, ZREMRANGEBYSCORE: 1, ZCARD: 1 })
  })

  test("answers a failing command of a pipeline in its place and runs the rest", async () => {
    await redis.set("text", "abc")
    const replies = await (
      await raw("/pipeline", [["INCR", "text"], ["NOPE", "x"], ["GET"], ["GET", "text"]])
    ).json()
    expect(replies).toEqual([
      { error: "ERR value is not an integer or out of range" },
      { error: "ERR unknown command 'NOPE', with args beginning with: 'x' " },
      { error: "ERR wrong number of arguments for 'get' command" },
      { result: "abc" },
    ])
  })

  test("runs a transaction, or none of it where one is no command", async () => {
    expect(await redis.multi().set("a", "1").incrby("a", 5).exec()).toEqual(["OK", 6])
    const broken = await raw("/multi-exec", [["SET", "a", "9"], ["NOPE"]])
    expect(broken.status).toBe(400)
    expect(await broken.json()).toEqual({
      error: "EXECABORT Transaction discarded because of previous errors.",
    })
    expect(await redis.get("a")).toBe("6")
  })

  test("refuses another token and what is no command", async () => {
    await expect(clientOf(server.url, { token: "other" }).get("a")).rejects.toThrow("WRONGPASS")
    expect((await raw("/", ["GET", "a"], { authorization: "" })).status).toBe(401)
    for (const body of ["", "{}", "[]", '[["GET","a"]]', '["GET",null]']) {
      const reply = await raw("/", body)
      expect([reply.status, await reply.json()]).toEqual([400, { error: "ERR failed to parse command" }])
    }
    const failing = await raw("/", ["INCRBY", "n", "x"])
    expect([failing.status, await failing.json()]).toEqual([
      400,
      { error: "ERR value is not an integer or out of range" },
    ])
  })

  test("stops answering, refuses and is slow when told to", async () => {
    const impatient = new Redis({
      url: server.url,
      token,
      retry: false,
      signal: () => AbortSignal.timeout(20),
    })
    server.faults.mode = "hang"
    await expect(impatient.get("a")).rejects.toMatchObject({ name: "TimeoutError" })
    server.faults.mode = "refuse"
    await expect(redis.get("a")).rejects.toThrow("fetch failed")
    server.faults.mode = "answer"
    server.faults.delayMs = 30
    const began = performance.now()
    await redis.get("a")
    expect(performance.now() - began).toBeGreaterThan(25)
    server.faults.delayMs = 0
  })
})

describe("the embedded commands", () => {
  describeRedisCommands(run)

  test("forget what has expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    await run("SET", "k", "1", "PX", "10000", "NX")
    vi.setSystemTime(Date.now() + 9_999)
    expect(await run("GET", "k")).toEqual({ result: "1" })
    vi.setSystemTime(Date.now() + 1)
    expect(await run("GET", "k")).toEqual({ result: null })
    vi.useRealTimers()
  })
})
