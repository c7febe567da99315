import { describe, expect, test } from "vitest"
import type { Json } from "../../core/json.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { clear, connect, connected, type RoundTrips, resolve, service, update } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

/** All in memory: one consistent read, and in parallel with it the record of who asked. */
const cached: RoundTrips = { reads: 1, audits: 1, usage: 0, redis: 0, kms: 0, fetches: 0 }

/** Two connections with ten documents each, and a value with each of them twice. */
async function twenty() {
  const shared = await connected()
  const { latchkey, vault, id, reference } = shared
  const other = await connect(latchkey)
  const value: Json[] = []
  for (let i = 0; i < 10; i++) {
    vault.documents.set(`secret/data/app${i}`, { a: `a${i}`, b: `b${i}` })
    for (const connection of [id, other])
      for (const key of ["a", "b", "a"]) value.push(`x${reference(`secret/data/app${i}/${key}`, connection)}`)
  }
  const ask =
    (instance: Latchkey, what: Json = value) =>
    () =>
      resolve(instance, what)
  return { ...shared, other, value, ask }
}

describe("a resolve costs, for any number of references, duplicates and connections,", () => {
  test("with everything in memory: one read, and one record for each connection", async () => {
    const { latchkey, ask, roundTrips, value } = await twenty()
    await ask(latchkey)()
    expect(await roundTrips(ask(latchkey))).toEqual({ ...cached, audits: 2 })
    expect(await roundTrips(ask(latchkey, value.slice(0, 1)))).toEqual(cached)
  })

  test("with everything in Redis: one request to Redis besides", async () => {
    const { latchkey, instance, reference, ask, roundTrips } = await twenty()
    const other = instance()
    await ask(latchkey)()
    // Another document, so that the instance knows the keys and both connections.
    await resolve(other, [reference("secret/data/app0/a")])
    expect(
      await roundTrips(ask(other, [reference("secret/data/app1/a"), reference("secret/data/app2/a")])),
    ).toEqual({
      ...cached,
      redis: 1,
      usage: 1,
    })
  })

  test("on a miss: a read, a lease and a write of Redis, one call of the provider for each connection, one outcome", async () => {
    const { latchkey, ask, roundTrips, vault, clock } = await twenty()
    await ask(latchkey)()
    clock.advance(3_600_000 - 1)
    await ask(latchkey)()
    clock.advance(1)
    // The hour of the root key ends as well; KMS is asked for it once, and for each of the two configurations.
    expect(await roundTrips(ask(latchkey))).toEqual({
      reads: 1,
      audits: 3,
      usage: 1,
      redis: 1 + 2 * 2,
      kms: 3,
      fetches: 2,
    })
    expect(vault.fetches.at(-1)).toHaveLength(10)
  })

  test("on a miss of one connection whose configuration is known: three requests to Redis", async () => {
    const { latchkey, reference, vault, roundTrips } = await connected()
    vault.documents.set("secret/data/a", { k: "1" })
    vault.documents.set("secret/data/b", { k: "2" })
    await resolve(latchkey, reference("secret/data/a/k"))
    const miss = () => resolve(latchkey, [reference("secret/data/b/k"), reference("secret/data/b/k")])
    expect(await roundTrips(miss)).toEqual({ ...cached, audits: 2, redis: 3, fetches: 1, usage: 1 })
  })

  test("with a guess that was wrong, or none for the connection: one request to Redis more", async () => {
    const { latchkey, instance, ask, roundTrips, id, reference, other } = await twenty()
    await ask(latchkey)()
    const elsewhere = instance()
    await resolve(elsewhere, [reference("secret/data/app0/a")])
    // The other connection is unknown to this instance, so only after the read it is known what to ask for.
    const both = [reference("secret/data/app0/a"), reference("secret/data/app1/a", other)]
    expect(await roundTrips(ask(elsewhere, both))).toEqual({ ...cached, audits: 2, redis: 1, usage: 1 })
    // Cleared by another instance: what this one has in memory does not count, and Redis was not asked for it.
    await clear(latchkey, id)
    await ask(latchkey)()
    expect(await roundTrips(ask(elsewhere, [reference("secret/data/app0/a")]))).toEqual({
      ...cached,
      redis: 1,
    })
    // A guess for one document that is right does not spare the question for another.
    await clear(latchkey, id)
    await ask(latchkey)()
    const two = [reference("secret/data/app0/a"), reference("secret/data/app3/a")]
    expect(await roundTrips(ask(elsewhere, two))).toEqual({ ...cached, redis: 2, usage: 1 })
  })

  test("first of an instance: KMS once for the root key, then one request to Redis", async () => {
    const { latchkey, instance, ask, roundTrips } = await twenty()
    await ask(latchkey)()
    const first = instance()
    expect(await roundTrips(ask(first))).toEqual({ ...cached, audits: 2, redis: 1, kms: 1, usage: 1 })
    expect(await roundTrips(ask(first))).toEqual({ ...cached, audits: 2 })
  })

  test("when usage is due: one write more, at most hourly for each instance and path", async () => {
    const { latchkey, clock, reference, roundTrips, vault } = await connected()
    vault.documents.set("secret/data/a", { k: "1" })
    const ask = () => resolve(latchkey, reference("secret/data/a/k"))
    await ask()
    expect(await roundTrips(ask)).toEqual(cached)
    clock.advance(3_599_999)
    expect(await roundTrips(ask)).toEqual(cached)
    clock.advance(1)
    expect((await roundTrips(ask)).usage).toBe(1)
    expect(await roundTrips(ask)).toEqual(cached)
  })

  test("without references: nothing at all", async () => {
    const { latchkey, roundTrips } = await connected()
    const value = { a: ["{{step.output}}", 7, null], b: "\\{{secret://literal}}" }
    expect(await roundTrips(() => resolve(latchkey, value))).toEqual({ ...cached, reads: 0, audits: 0 })
  })

  test("without a cache: nothing of Redis, and a call of the provider each time", async () => {
    const { latchkey, reference, vault, roundTrips } = await connected({ cacheTtlSeconds: 0 })
    vault.documents.set("secret/data/a", { k: "1" })
    const ask = () => resolve(latchkey, reference("secret/data/a/k"))
    await ask()
    for (let i = 0; i < 2; i++) expect(await roundTrips(ask)).toEqual({ ...cached, audits: 2, fetches: 1 })
  })

  test("on a miss with a session in Redis: no login", async () => {
    const { latchkey, instance, reference, vault, clock } = await connected()
    let logins = 0
    vault.login = async () => {
      logins++
      const { Secret } = await import("../../core/secret.ts")
      return { token: new Secret("t"), expiresAt: clock.now() + 600_000, notes: {} }
    }
    vault.documents.set("secret/data/a", { k: "1" })
    vault.documents.set("secret/data/b", { k: "2" })
    await resolve(latchkey, reference("secret/data/a/k"))
    await resolve(instance(), reference("secret/data/b/k"))
    expect(logins).toBe(1)
  })

  test("with failures, a record of the outcome each time", async () => {
    const { latchkey, reference, roundTrips } = await connected()
    const ask = () => resolve(latchkey, reference("secret/data/missing/k"), { onError: "report" })
    await ask()
    expect(await roundTrips(ask)).toEqual({ ...cached, audits: 2 })
  })
})

describe("read, record and guess", () => {
  test("are asked at the same time: each begins though none of the others has ended", async () => {
    const shared = await connected()
    const { vault, reference, latchkey, redis, store, auditStore } = shared
    vault.documents.set("secret/data/a", { k: "1" })
    vault.documents.set("secret/data/b", { k: "1" })
    await resolve(latchkey, [reference("secret/data/a/k"), reference("secret/data/b/k")])

    const begun = new Set<string>()
    const all = Promise.withResolvers<void>()
    const together = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      begun.add(name)
      if (begun.size === 3) all.resolve()
      await all.promise
      return work()
    }
    const other = shared.instance({
      store: { ...store, read: (...input) => together("read", () => store.read(...input)) },
      auditStore: { ...auditStore, append: (item) => together("record", () => auditStore.append(item)) },
      redis: { pipeline: (commands) => together("guess", () => redis.pipeline(commands)) },
    })
    // The first of an instance has nothing to guess with, so the third is let through for it.
    begun.add("guess")
    await resolve(other, reference("secret/data/a/k"))
    begun.clear()
    const { references } = await resolve(other, reference("secret/data/b/k"))
    expect(references[0]?.source).toBe("cache")
    expect([...begun].sort()).toEqual(["guess", "read", "record"])
  })

  test("are only a guess: a connection that is another provider's document or closed meanwhile is decided by the read", async () => {
    const { latchkey, instance, reference, id, vault } = await connected()
    vault.documents.set("secret/data/a", { k: "1" })
    const elsewhere = instance()
    const ask = (projectId?: string) =>
      resolve(elsewhere, reference("secret/data/a/k"), projectId === undefined ? {} : { projectId })
    await ask()
    await update(latchkey, id, { scope: "PROJECT", projectIds: ["p1"] })
    await expect(ask()).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect((await ask("p1")).references[0]?.source).toBe("memory")
  })

  test("for another platform finds nothing, though this instance knows the connection", async () => {
    const { latchkey, reference, vault, roundTrips } = await connected()
    vault.documents.set("secret/data/a", { k: "1" })
    await resolve(latchkey, reference("secret/data/a/k"))
    const evil = { ...service, platformId: "evil" }
    const ask = () => resolve(latchkey, reference("secret/data/a/k"), { principal: evil })
    await expect(ask()).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(await roundTrips(() => ask().catch(() => {}))).toMatchObject({ redis: 0, kms: 0, fetches: 0 })
  })
})

describe("losing a lease", () => {
  test("costs a look now and then, and no call of the provider", async () => {
    const { latchkey, instance, reference, vault, clock, roundTrips } = await connected()
    vault.documents.set("secret/data/a", { k: "1" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const first = resolve(latchkey, reference("secret/data/a/k"))
    const second = resolve(instance(), reference("secret/data/a/k"))
    const spent = await roundTrips(async () => {
      await new Promise(setImmediate)
      gate.resolve()
      await first
      await passing(clock, second)
    })
    expect(spent.fetches).toBe(1)
    expect((await second).references[0]?.source).toBe("cache")
  })
})
