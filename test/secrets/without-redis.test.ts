import { describe, expect, test } from "vitest"
import type { Redis } from "../../core/redis/redis.ts"
import { connected, resolve } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

const path = "secret/data/app/key"
const document = "secret/data/app"

async function ready() {
  const shared = await connected()
  shared.vault.documents.set(document, { key: "v" })
  const ask = async (one = shared.latchkey) =>
    (await passing(shared.clock, resolve(one, shared.reference(path)))).references[0]?.source
  return { ...shared, ask }
}

describe("while Redis is down", () => {
  test("resolves go to the provider, memory serves, and a metric says so", async () => {
    const { latchkey, instance, redis, counted, ask } = await ready()
    redis.down = true
    const other = instance()
    expect([await ask(latchkey), await ask(latchkey), await ask(other), await ask(other)]).toEqual([
      "provider",
      "memory",
      "provider",
      "memory",
    ])
    expect(counted).toContain("RedisDegraded")
  })

  test("it is asked once in five seconds by each instance", async () => {
    const { redis, clock, vault, instance, reference } = await ready()
    redis.down = true
    const one = instance()
    const before = redis.asked.pipelines
    for (let i = 0; i < 20; i++) {
      vault.documents.set(`secret/data/${i}`, { key: "v" })
      await resolve(one, reference(`secret/data/${i}/key`))
    }
    expect(redis.asked.pipelines - before).toBe(1)
    clock.advance(5_000)
    await resolve(one, reference("secret/data/missing/key"), { onError: "report" })
    expect(redis.asked.pipelines - before).toBe(2)
  })

  test("a fetch that began with it ends without it", async () => {
    const { latchkey, redis, vault, reference } = await ready()
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const fetching = resolve(latchkey, reference(path))
    await new Promise(setImmediate)
    redis.down = true
    gate.resolve()
    expect((await fetching).value).toBe("v")
  })

  test("those who wait for another's fetch stop waiting and fetch for themselves", async () => {
    const { latchkey, instance, redis, vault, clock, reference } = await ready()
    vault.gate = new Promise(() => {})
    void resolve(latchkey, reference(path)).catch(() => {})
    await new Promise(setImmediate)
    const waiting = resolve(instance(), reference(path))
    await new Promise(setImmediate)
    vault.gate = undefined
    redis.down = true
    const from = clock.now()
    expect((await passing(clock, waiting)).references[0]?.source).toBe("provider")
    expect(clock.now() - from).toBeLessThan(500)
  })
})

describe("when Redis is back", () => {
  test("what was fetched since is shared again", async () => {
    const { latchkey, instance, redis, clock, ask } = await ready()
    redis.down = true
    await ask(latchkey)
    redis.down = false
    clock.advance(5_000)
    const other = instance()
    expect(await ask(other)).toBe("provider")
    expect(await ask(instance())).toBe("cache")
    expect(await ask(latchkey)).toBe("memory")
  })
})

describe("Redis that answers nonsense", () => {
  test.each<[string, Redis["pipeline"]]>([
    ["no replies", async () => []],
    ["null to everything", async (commands) => commands.map(() => null)],
    ["OK to everything", async (commands) => commands.map(() => "OK")],
    ["zero to everything", async (commands) => commands.map(() => 0)],
    ["empty lists", async (commands) => commands.map(() => [])],
    ["one text to everything", async (commands) => commands.map(() => ["x", "x", "x"])],
    ["lists too long", async (commands) => commands.map(() => Array.from({ length: 50 }, () => "QUJD"))],
    ["nothing at all", async () => undefined as never],
  ])("such as %s costs time, and is never an error", async (_, pipeline) => {
    const { instance, clock, reference, latchkey } = await ready()
    await resolve(latchkey, reference(path))
    const one = instance({ redis: { pipeline } })
    const both = [
      resolve(one, reference(path)),
      resolve(one, reference("secret/data/app/other"), { onError: "report" }),
    ]
    const [first] = await passing(clock, Promise.all(both))
    expect(first?.value).toBe("v")
  })
})
