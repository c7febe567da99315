import { Redis } from "@upstash/redis"
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { type RedisServer, startRedis } from "../../local/redis.ts"

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
  test("set only if absent, only if present, and with the old value", async () => {
    expect(await run("SET", "k", "1", "XX")).toEqual({ result: null })
    expect(await run("SET", "k", "1", "NX")).toEqual({ result: "OK" })
    expect(await run("SET", "k", "2", "NX")).toEqual({ result: null })
    expect(await run("SET", "k", "3", "XX", "GET", "PX", "1000")).toEqual({ result: "1" })
    expect(await run("GET", "k")).toEqual({ result: "3" })
  })

  test("forget what has expired, and keep a time to live only where asked", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    await run("SET", "k", "1", "EX", "10")
    expect(await run("TTL", "k")).toEqual({ result: 10 })
    await run("SET", "k", "2", "KEEPTTL")
    expect(await run("PTTL", "k")).toEqual({ result: 10_000 })
    vi.setSystemTime(Date.now() + 9_999)
    expect(await run("GET", "k")).toEqual({ result: "2" })
    vi.setSystemTime(Date.now() + 1)
    expect(await run("GET", "k")).toEqual({ result: null })
    await run("SET", "k", "3", "PX", "500", "NX")
    await run("SET", "k", "4")
    expect(await run("PTTL", "k")).toEqual({ result: -1 })
    expect(await run("PEXPIRE", "k", "70")).toEqual({ result: 1 })
    expect(await run("EXISTS", "k", "none")).toEqual({ result: 1 })
    expect(await run("EXPIRE", "k", "0")).toEqual({ result: 1 })
    expect(await run("EXISTS", "k")).toEqual({ result: 0 })
    vi.useRealTimers()
  })

  test("count members of a sorted set by score", async () => {
    await run("ZADD", "z", "1", "a", "2.5", "b", "3", "c")
    expect(await run("ZADD", "z", "NX", "9", "a")).toEqual({ result: 0 })
    expect(await run("ZCOUNT", "z", "(1", "+inf")).toEqual({ result: 2 })
    expect(await run("ZREMRANGEBYSCORE", "z", "-inf", "2.5")).toEqual({ result: 2 })
    expect(await run("ZREM", "z", "c", "none")).toEqual({ result: 1 })
    expect(await run("ZCARD", "z")).toEqual({ result: 0 })
    expect(await run("EXISTS", "z")).toEqual({ result: 0 })
  })

  test.each([
    [["SET", "k", "v", "FOO"], "ERR syntax error"],
    [["SET", "k", "v", "NX", "XX"], "ERR syntax error"],
    [["SET", "k", "v", "EX", "1", "PX", "1"], "ERR syntax error"],
    [["SET", "k", "v", "EX"], "ERR syntax error"],
    [["SET", "k", "v", "EX", "0"], "ERR invalid expire time in 'set' command"],
    [["SET", "k", "v", "EX", "1.5"], "ERR value is not an integer or out of range"],
    [["ZADD", "k", "one", "m"], "ERR value is not a valid float"],
    [["ZADD", "k", "1", "m", "2"], "ERR syntax error"],
    [["ZCOUNT", "k", "a", "b"], "ERR min or max is not a float"],
    [["constructor"], "ERR unknown command 'constructor', with args beginning with: "],
  ])("refuse %j as Redis does", async (command, error) => {
    expect(await run(...command)).toEqual({ error })
  })

  test("refuse a key of another type", async () => {
    await run("ZADD", "z", "1", "a")
    const wrong = { error: "WRONGTYPE Operation against a key holding the wrong kind of value" }
    expect(await run("GET", "z")).toEqual(wrong)
    expect(await run("INCR", "z")).toEqual(wrong)
    expect(await run("MGET", "z")).toEqual({ result: [null] })
    expect(await run("SET", "z", "1")).toEqual({ result: "OK" })
    expect(await run("ZCARD", "z")).toEqual(wrong)
  })
})
