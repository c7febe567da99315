import { beforeEach, expect, test } from "vitest"

/** What Redis answers to the commands that Latchkey uses: the same from the embedded one and from a real one. */
export function describeRedisCommands(run: (...command: string[]) => Promise<unknown>): void {
  beforeEach(() => run("FLUSHALL"))

  test("set only if absent, only if present, and with the old value", async () => {
    expect(await run("SET", "k", "1", "XX")).toEqual({ result: null })
    expect(await run("SET", "k", "1", "NX")).toEqual({ result: "OK" })
    expect(await run("SET", "k", "2", "NX")).toEqual({ result: null })
    expect(await run("SET", "k", "3", "XX", "GET", "PX", "1000")).toEqual({ result: "1" })
    expect(await run("GET", "k")).toEqual({ result: "3" })
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

  test("keep a time to live only where asked", async () => {
    await run("SET", "k", "1", "EX", "100")
    expect(await run("TTL", "k")).toEqual({ result: 100 })
    await run("SET", "k", "2", "KEEPTTL")
    expect(await run("TTL", "k")).toEqual({ result: 100 })
    await run("SET", "k", "3")
    expect(await run("PTTL", "k")).toEqual({ result: -1 })
    expect(await run("PEXPIRE", "k", "100000")).toEqual({ result: 1 })
    expect(await run("TTL", "k")).toEqual({ result: 100 })
    expect(await run("EXISTS", "k", "none", "k")).toEqual({ result: 2 })
    expect(await run("EXPIRE", "k", "0")).toEqual({ result: 1 })
    expect(await run("EXPIRE", "k", "1")).toEqual({ result: 0 })
    expect(await run("PTTL", "k")).toEqual({ result: -2 })
    expect(await run("PING")).toEqual({ result: "PONG" })
    expect(await run("DEL", "k", "none")).toEqual({ result: 0 })
  })

  test("count up, and only what is a number", async () => {
    expect(await run("INCR", "n")).toEqual({ result: 1 })
    expect(await run("INCRBY", "n", "-11")).toEqual({ result: -10 })
    expect(await run("GET", "n")).toEqual({ result: "-10" })
    await run("SET", "text", "1.5")
    expect(await run("INCR", "text")).toEqual({ error: "ERR value is not an integer or out of range" })
  })
}
