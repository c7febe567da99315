import { describe, expect, test } from "vitest"
import { clear, connected, resolve, update } from "../support/instance.ts"
import { passing, turn } from "../support/moved-clock.ts"

const hour = 3_600_000
const path = "secret/data/app/key"
const document = "secret/data/app"

describe("a resolved value", () => {
  test("is reused for an hour, on this instance and on others, and not a millisecond longer", async () => {
    const { latchkey, instance, clock, vault, reference } = await connected()
    vault.documents.set(document, { key: "old" })
    await resolve(latchkey, reference(path))
    vault.documents.set(document, { key: "new" })
    clock.advance(hour - 1)
    expect((await resolve(latchkey, reference(path))).value).toBe("old")
    const other = instance()
    expect((await resolve(other, reference(path))).value).toBe("old")
    clock.advance(1)
    expect((await resolve(other, reference(path))).value).toBe("new")
    expect((await resolve(latchkey, reference(path))).value).toBe("new")
  })

  test.each([0, 60])(
    "of a second is fetched again at once when that is over (stale for %i)",
    async (staleIfErrorSeconds) => {
      const { latchkey, clock, vault, reference } = await connected({
        cacheTtlSeconds: 1,
        staleIfErrorSeconds,
      })
      vault.documents.set(document, { key: "old" })
      await resolve(latchkey, reference(path))
      vault.documents.set(document, { key: "new" })
      clock.advance(1_000)
      expect(await resolve(latchkey, reference(path))).toMatchObject({
        value: "new",
        references: [{ source: "provider" }],
      })
    },
  )

  test("is as old as the start of its fetch, however long that takes", async () => {
    const { latchkey, instance, clock, vault, reference } = await connected({ cacheTtlSeconds: 10 })
    vault.documents.set(document, { key: "old" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const fetching = resolve(latchkey, reference(path))
    await turn()
    clock.advance(4_000)
    gate.resolve()
    await fetching
    vault.documents.set(document, { key: "new" })
    clock.advance(5_999)
    expect((await resolve(latchkey, reference(path))).references[0]?.source).toBe("memory")
    expect((await resolve(instance(), reference(path))).references[0]?.source).toBe("cache")
    clock.advance(1)
    expect((await resolve(latchkey, reference(path))).value).toBe("new")
  })

  test("whose fetch took longer than it may be reused is used once, and by nobody else", async () => {
    const { latchkey, clock, vault, reference } = await connected({ cacheTtlSeconds: 2 })
    vault.documents.set(document, { key: "v" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const fetching = resolve(latchkey, reference(path))
    await turn()
    clock.advance(3_000)
    gate.resolve()
    expect((await fetching).value).toBe("v")
    clock.advance(1_000)
    await resolve(latchkey, reference(path))
    expect(vault.fetches).toHaveLength(2)
  })

  test("whose fetch took longer than that is not for those who asked too late: they get one of their own", async () => {
    const { latchkey, clock, vault, reference } = await connected({ cacheTtlSeconds: 2 })
    vault.documents.set(document, { key: "old" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const first = resolve(latchkey, reference(path))
    await turn()
    clock.advance(1_999)
    const intime = resolve(latchkey, reference(path))
    await turn()
    clock.advance(1)
    const late = [resolve(latchkey, reference(path)), resolve(latchkey, reference(path))]
    await turn()
    vault.documents.set(document, { key: "new" })
    vault.gate = undefined
    gate.resolve()
    expect([(await first).value, (await intime).value]).toEqual(["old", "old"])
    for (const { value } of await passing(clock, Promise.all(late))) expect(value).toBe("new")
    expect(vault.fetches).toHaveLength(2)
  })

  test("that another instance took from Redis does not live longer there", async () => {
    const { latchkey, instance, clock, vault, reference } = await connected({ cacheTtlSeconds: 60 })
    vault.documents.set(document, { key: "old" })
    await resolve(latchkey, reference(path))
    clock.advance(59_000)
    const other = instance()
    await resolve(other, reference(path))
    vault.documents.set(document, { key: "new" })
    clock.advance(1_000)
    expect((await resolve(other, reference(path))).value).toBe("new")
  })

  test("over 256 KiB is not kept anywhere", async () => {
    const { latchkey, clock, vault, reference } = await connected()
    vault.documents.set(document, { key: "v", rest: "x".repeat(256 * 1024) })
    for (let i = 1; i <= 3; i++) {
      clock.advance(1_001)
      expect((await resolve(latchkey, reference(path))).references[0]?.source).toBe("provider")
      expect(vault.fetches).toHaveLength(i)
    }
  })

  test("of one document is fetched once for all its keys, in one version", async () => {
    const { latchkey, vault, reference } = await connected()
    vault.documents.set(document, { user: "u1", password: "p1" })
    const both = [reference("secret/data/app/user"), reference("secret/data/app/password")]
    expect((await resolve(latchkey, both)).value).toEqual(["u1", "p1"])
    vault.documents.set(document, { user: "u2", password: "p2" })
    expect((await resolve(latchkey, both)).value).toEqual(["u1", "p1"])
    expect(vault.fetches).toEqual([[document]])
  })

  test("comes with its partner from one version, whichever of them was asked for before, on whichever instance", async () => {
    const { latchkey, instance, vault, reference, clock } = await connected({ cacheTtlSeconds: 60 })
    const instances = [latchkey, instance(), instance()]
    const both = [reference("secret/data/app/user"), reference("secret/data/app/password")]
    for (let round = 0; round < 12; round++) {
      vault.documents.set(document, { user: `u${round}`, password: `p${round}` })
      const [one, other] = [instances[round % 3], instances[(round + 1) % 3]]
      if (!one || !other) continue
      await resolve(one, both[round % 2] ?? "")
      const { value } = await resolve(other, both)
      const [user = "", password = ""] = value as string[]
      expect(user.slice(1)).toBe(password.slice(1))
      clock.advance(25_000)
    }
  })
})

describe("without a cache", () => {
  test("every resolve asks, nothing is written to Redis, and no lease is taken", async () => {
    const { latchkey, instance, redis, vault, reference } = await connected({ cacheTtlSeconds: 0 })
    vault.documents.set(document, { key: "v" })
    const before = redis.asked.pipelines
    for (const one of [latchkey, latchkey, instance()]) await resolve(one, reference(path))
    expect(vault.fetches).toHaveLength(3)
    expect(redis.asked.pipelines).toBe(before)
  })

  test("no fetch is shared: each resolve's value was fetched after it began", async () => {
    const { latchkey, vault, reference } = await connected({ cacheTtlSeconds: 0 })
    vault.documents.set(document, { key: "v" })
    await Promise.all([1, 2, 3].map(() => resolve(latchkey, reference(path))))
    expect(vault.fetches).toHaveLength(3)
  })

  test("what is missing is asked for again at once", async () => {
    const { latchkey, vault, reference } = await connected({ cacheTtlSeconds: 0 })
    await expect(resolve(latchkey, reference(path))).rejects.toMatchObject({
      fields: { reason: "NOT_FOUND" },
    })
    vault.documents.set(document, { key: "v" })
    expect((await resolve(latchkey, reference(path))).value).toBe("v")
  })

  test("stale answers are refused", async () => {
    const { latchkey, id } = await connected({ cacheTtlSeconds: 0 })
    await expect(update(latchkey, id, { settings: { staleIfErrorSeconds: 60 } })).rejects.toMatchObject({
      code: "VALIDATION",
    })
  })
})

describe("the memory of an instance", () => {
  test("holds nothing that a clear of another platform could touch", async () => {
    const { latchkey, vault, reference, roundTrips } = await connected()
    vault.documents.set(document, { key: "v" })
    await resolve(latchkey, reference(path))
    await clear(latchkey, undefined, {
      platformId: "other",
      subject: "eve",
      type: "USER",
      role: "ADMIN",
      expiresAt: Number.MAX_SAFE_INTEGER,
    })
    expect((await roundTrips(() => resolve(latchkey, reference(path)))).fetches).toBe(0)
  })
})
