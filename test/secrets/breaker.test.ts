import { describe, expect, test } from "vitest"
import type { Reason } from "../../core/errors.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { clear, connect, connected, resolve } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

const paths = Array.from({ length: 12 }, (_, i) => `secret/data/app${i}/key`)

/** A connection whose secret manager fails, and resolves of one document after the other. */
async function failing(reason: Reason = "UNREACHABLE") {
  const shared = await connected()
  const { vault, reference, clock } = shared
  for (let i = 0; i < paths.length; i++) vault.documents.set(`secret/data/app${i}`, { key: `v${i}` })
  vault.failure = reason
  const ask = async (latchkey: Latchkey, i: number, id?: string) => {
    const resolving = resolve(latchkey, reference(paths[i] ?? "", id), { onError: "report" })
    const { value, references } = await passing(clock, resolving)
    return references[0]?.error?.reason ?? value
  }
  return { ...shared, ask }
}

/** Fails until the breaker is open. */
async function opened() {
  const shared = await failing()
  for (let i = 0; i < 3; i++) await shared.ask(shared.latchkey, i)
  return shared
}

describe("a secret manager that fails", () => {
  test.each<Reason>(["UNREACHABLE", "TIMEOUT", "THROTTLED", "SEALED", "PROVIDER_ERROR"])(
    "is left alone after three failures in a row, and everyone gets the reason: %s",
    async (reason) => {
      const { latchkey, vault, counted, ask } = await failing(reason)
      for (let i = 0; i < 6; i++) expect(await ask(latchkey, i)).toBe(reason)
      expect(vault.fetches).toHaveLength(3)
      expect(counted.filter((name) => name === "BreakerOpened")).toHaveLength(1)
    },
  )

  test("gets one attempt after five seconds, without retries; while it is under way the others still get the reason", async () => {
    const { latchkey, clock, vault, reference, ask } = await opened()
    clock.advance(5_000)
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    vault.failure = undefined
    const probe = resolve(latchkey, reference(paths[5] ?? ""))
    await new Promise(setImmediate)
    expect(await ask(latchkey, 6)).toBe("UNREACHABLE")
    expect(vault.fetches).toHaveLength(4)
    expect(vault.opened.map(({ attempts }) => attempts)).toEqual([undefined, undefined, undefined, 1])
    gate.resolve()
    expect((await probe).value).toBe("v5")
    expect(await ask(latchkey, 7)).toBe("v7")
  })

  test("that fails that attempt is left alone for five seconds more", async () => {
    const { latchkey, clock, vault, ask } = await opened()
    clock.advance(5_000)
    expect(await ask(latchkey, 4)).toBe("UNREACHABLE")
    vault.failure = undefined
    expect(await ask(latchkey, 5)).toBe("UNREACHABLE")
    clock.advance(5_000)
    expect(await ask(latchkey, 5)).toBe("v5")
  })

  test("is asked again as soon as the breaker lets one through, also for the documents that it refused meanwhile", async () => {
    const { latchkey, instance, clock, vault, ask } = await opened()
    const elsewhere = instance()
    clock.advance(4_900)
    expect(await ask(latchkey, 3)).toBe("UNREACHABLE")
    expect(await ask(elsewhere, 4)).toBe("UNREACHABLE")
    vault.failure = undefined
    clock.advance(100)
    expect(await ask(latchkey, 3)).toBe("v3")
    expect(await ask(elsewhere, 4)).toBe("v4")
  })

  test("costs no request to Redis besides the read while the breaker is open", async () => {
    const { latchkey, ask, roundTrips } = await opened()
    expect(await roundTrips(() => ask(latchkey, 4))).toMatchObject({ redis: 1, fetches: 0, kms: 0 })
  })

  test("is left alone by other instances too, and by theirs by it", async () => {
    const { instance, vault, ask } = await opened()
    const elsewhere = instance()
    for (let i = 3; i < 6; i++) expect(await ask(elsewhere, i)).toBe("UNREACHABLE")
    expect(vault.fetches).toHaveLength(3)
  })

  test("is left alone by each instance for itself while Redis is down", async () => {
    const { latchkey, instance, redis, vault, ask } = await failing()
    redis.down = true
    for (let i = 0; i < 6; i++) await ask(latchkey, i)
    expect(vault.fetches).toHaveLength(3)
    const elsewhere = instance()
    for (let i = 0; i < 6; i++) await ask(elsewhere, i)
    expect(vault.fetches).toHaveLength(6)
  })

  test("is asked on after two failures, and after an answer the count begins anew", async () => {
    const { latchkey, vault, ask } = await failing()
    for (let round = 0; round < 3; round++) {
      vault.failure = "UNREACHABLE"
      await ask(latchkey, 4 * round)
      await ask(latchkey, 4 * round + 1)
      vault.failure = undefined
      expect(await ask(latchkey, 4 * round + 2)).toBe(`v${4 * round + 2}`)
    }
  })

  test.each(["value", "NOT_FOUND"])(
    "for some documents only, while it answers for others in the same fetch by a %s, is no outage",
    async (answer) => {
      const { latchkey, vault, reference, clock, ask } = await failing()
      vault.failure = undefined
      for (let i = 1; i < 8; i++) vault.refusals.set(`secret/data/app${i}`, "PROVIDER_ERROR")
      for (let i = 1; i < 8; i++) {
        if (answer === "value") vault.documents.set(`secret/data/other${i}`, { key: "v" })
        const both = [reference(`secret/data/other${i}/key`), reference(paths[i] ?? "")]
        await passing(clock, resolve(latchkey, both, { onError: "report" }))
      }
      expect(vault.fetches).toHaveLength(7)
      expect(await ask(latchkey, 8)).toBe("v8")
    },
  )

  test("does not keep another connection from being asked", async () => {
    const { latchkey, vault, ask } = await failing()
    vault.failure = undefined
    const other = await connect(latchkey)
    vault.failure = "UNREACHABLE"
    for (let i = 0; i < 3; i++) await ask(latchkey, i)
    vault.failure = undefined
    expect(await ask(latchkey, 3)).toBe("UNREACHABLE")
    expect(await ask(latchkey, 3, other)).toBe("v3")
  })

  test("is asked again at once after a clear", async () => {
    const { latchkey, instance, vault, id, ask } = await opened()
    vault.failure = undefined
    await clear(latchkey, id)
    expect(await ask(latchkey, 3)).toBe("v3")
    expect(await ask(instance(), 4)).toBe("v4")
  })
})

describe("a failure", () => {
  test("is published for five seconds: until then others take it for an answer about that document", async () => {
    const { latchkey, instance, clock, vault, ask } = await failing()
    await ask(latchkey, 0)
    vault.failure = undefined
    const elsewhere = instance()
    expect(await ask(elsewhere, 0)).toBe("UNREACHABLE")
    expect(await ask(elsewhere, 1)).toBe("v1")
    clock.advance(5_000)
    expect(await ask(elsewhere, 0)).toBe("v0")
  })
})
