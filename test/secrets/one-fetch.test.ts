import { describe, expect, test } from "vitest"
import type { Reason } from "../../core/errors.ts"
import { connected, resolve } from "../support/instance.ts"
import { passing, passingFor, turn } from "../support/moved-clock.ts"

const path = "secret/data/app/key"
const document = "secret/data/app"

async function stampede(instances: number, each: number) {
  const shared = await connected()
  shared.vault.documents.set(document, { key: "v" })
  const gate = Promise.withResolvers<void>()
  shared.vault.gate = gate.promise
  const all = Array.from({ length: instances }, (_, i) => (i === 0 ? shared.latchkey : shared.instance()))
  const begin = () =>
    all.flatMap((one) => Array.from({ length: each }, () => resolve(one, shared.reference(path))))
  return { ...shared, begin, gate }
}

describe("many callers asking for the same cold secret", () => {
  test("cause one provider call on one instance", async () => {
    const { begin, gate, vault } = await stampede(1, 100)
    const all = begin()
    await turn()
    gate.resolve()
    for (const { value } of await Promise.all(all)) expect(value).toBe("v")
    expect(vault.fetches).toHaveLength(1)
  })

  test("cause one across instances that have Redis", async () => {
    const { begin, gate, vault, clock } = await stampede(10, 5)
    const all = Promise.all(begin())
    await turn()
    gate.resolve()
    for (const { value } of await passing(clock, all)) expect(value).toBe("v")
    expect(vault.fetches.length).toBeLessThanOrEqual(2)
  })

  test("cause one for each instance without Redis", async () => {
    const { begin, gate, vault, redis, clock } = await stampede(4, 5)
    redis.down = true
    const all = Promise.all(begin())
    await turn()
    gate.resolve()
    await passing(clock, all)
    expect(vault.fetches).toHaveLength(4)
  })

  test("cause one however the documents of their requests overlap", async () => {
    const { latchkey, instance, vault, reference, clock } = await connected()
    const instances = [latchkey, instance(), instance()]
    for (const name of ["a", "b", "c", "d"]) vault.documents.set(`secret/data/${name}`, { k: name })
    const asked = ["ab", "bc", "cd", "da", "abcd", "d"]
    const all = asked.flatMap((names) =>
      instances.map((one) =>
        resolve(
          one,
          [...names].map((name) => reference(`secret/data/${name}/k`)),
        ),
      ),
    )
    const resolved = await passing(clock, Promise.all(all))
    expect(resolved.map(({ value }) => (value as string[]).join("")).sort()).toEqual(
      asked.flatMap((names) => [names, names, names]).sort(),
    )
    expect(vault.fetches.flat().sort()).toEqual(["a", "b", "c", "d"].map((name) => `secret/data/${name}`))
  })

  test("do not wait for the lease's end where there will be nothing to share: a document too large to keep", async () => {
    const { begin, gate, vault, clock } = await stampede(3, 1)
    vault.documents.set(document, { key: "v", rest: "x".repeat(300_000) })
    const started = clock.now()
    const all = Promise.all(begin())
    await turn()
    gate.resolve()
    await passing(clock, all)
    expect(clock.now() - started).toBeLessThan(500)
  })

  test.each<Reason>([
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "DELETED",
    "WRONG_ENGINE",
    "UNSUPPORTED_VALUE",
    "INVALID_PATH",
    "BAD_CREDENTIALS",
    "TLS",
  ])("all learn at once that the answer is %s, from one call", async (reason) => {
    const { begin, gate, vault, clock } = await stampede(5, 2)
    vault.refusals.set(document, reason)
    const started = clock.now()
    const all = Promise.allSettled(begin())
    await turn()
    gate.resolve()
    for (const one of await passing(clock, all))
      expect(one).toMatchObject({ status: "rejected", reason: { fields: { reason } } })
    expect(vault.fetches).toHaveLength(1)
    expect(clock.now() - started).toBeLessThan(500)
  })

  test.each<Reason>(["UNREACHABLE", "TIMEOUT", "THROTTLED", "SEALED", "PROVIDER_ERROR"])(
    "all stop waiting when the fetch fails: %s",
    async (reason) => {
      const { begin, gate, vault, clock } = await stampede(5, 2)
      vault.failure = reason
      const started = clock.now()
      const all = Promise.allSettled(begin())
      await turn()
      gate.resolve()
      for (const one of await passing(clock, all))
        expect(one).toMatchObject({ status: "rejected", reason: { fields: { reason } } })
      expect(vault.fetches).toHaveLength(1)
      expect(clock.now() - started).toBeLessThan(500)
    },
  )
})

describe("a fetch", () => {
  test("goes on while some of those who wait for it leave, and ends with the last", async () => {
    const { latchkey, vault, reference } = await connected()
    vault.documents.set(document, { key: "v" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const leaving = new AbortController()
    const left = resolve(latchkey, reference(path), { signal: leaving.signal }).catch(() => "left")
    const staying = resolve(latchkey, reference(path))
    await turn()
    leaving.abort()
    expect(await left).toBe("left")
    gate.resolve()
    expect((await staying).value).toBe("v")
    expect(vault.fetches).toHaveLength(1)
  })

  test("that everyone has left is joined by nobody: whoever comes next begins another", async () => {
    const { latchkey, vault, reference, redis, clock } = await connected()
    redis.down = true
    vault.documents.set(document, { key: "v" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    vault.deaf = true
    const leaving = new AbortController()
    const left = resolve(latchkey, reference(path), { signal: leaving.signal }).catch(() => "left")
    await turn()
    leaving.abort()
    expect(await passing(clock, left)).toBe("left")
    vault.gate = undefined
    const next = resolve(latchkey, reference(path))
    await turn()
    gate.resolve()
    expect((await next).value).toBe("v")
  })

  test("whose holder died is begun by another as soon as the lease ends, and by one of them only", async () => {
    const { latchkey, instance, vault, reference, clock } = await connected()
    vault.documents.set(document, { key: "v" })
    vault.gate = new Promise(() => {})
    const dying = new AbortController()
    void resolve(latchkey, reference(path), { signal: dying.signal }).catch(() => {})
    await turn()
    vault.gate = undefined
    const started = clock.now()
    const others = Promise.all(
      [instance(), instance(), instance()].map((one) => resolve(one, reference(path))),
    )
    for (const { value } of await passing(clock, others)) expect(value).toBe("v")
    expect(vault.fetches).toHaveLength(2)
    expect(clock.now() - started).toBeGreaterThanOrEqual(5_000)
    expect(clock.now() - started).toBeLessThan(5_500)
    dying.abort()
  })

  test("keeps its lease for as long as it goes on asking, so nobody else begins", async () => {
    const { latchkey, instance, vault, reference, clock } = await connected()
    vault.documents.set(document, { key: "v" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const first = resolve(latchkey, reference(path))
    await turn()
    const second = resolve(instance(), reference(path))
    for (let i = 0; i < 4; i++) {
      await passingFor(clock, 2_000)
      await vault.opened[0]?.beforeRequest?.()
    }
    expect(vault.fetches).toHaveLength(1)
    gate.resolve()
    await first
    expect((await passing(clock, second)).references[0]?.source).toBe("cache")
    expect(vault.fetches).toHaveLength(1)
  })

  test("that never ends is a TIMEOUT for all who wait, here and elsewhere, before the resolve's own time is up", async () => {
    const { latchkey, instance, vault, reference, clock } = await connected()
    vault.documents.set(document, { key: "v" })
    vault.gate = new Promise(() => {})
    const started = clock.now()
    const all = [latchkey, latchkey, instance()].map((one) => resolve(one, reference(path)))
    for (const one of await passing(clock, Promise.allSettled(all)))
      expect(one).toMatchObject({ status: "rejected", reason: { fields: { reason: "TIMEOUT" } } })
    expect(clock.now() - started).toBeLessThan(13_000)
  })

  test("that ended while another resolve was still asking Redis is not begun again", async () => {
    const { latchkey, instance, vault, reference } = await connected()
    vault.documents.set(document, { key: "v" })
    await resolve(latchkey, reference("secret/data/other/key"), { onError: "report" })
    const slow = Promise.withResolvers<void>()
    let calls = 0
    const one = instance({
      redis: {
        // The first question is answered late, and all fail: nothing is shared by Redis.
        async pipeline() {
          if (++calls === 1) await slow.promise
          throw new Error("down")
        },
      },
    })
    const late = resolve(one, reference(path))
    await turn()
    const early = resolve(one, reference(path))
    await early
    slow.resolve()
    expect((await late).references[0]?.source).toBe("memory")
    expect(vault.fetches.filter((documents) => documents.includes(document))).toHaveLength(1)
  })
})
