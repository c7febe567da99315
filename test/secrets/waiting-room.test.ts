import { describe, expect, test } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import { admin, connect, connected, resolve, service } from "../support/instance.ts"
import { passing, passingFor, turn } from "../support/moved-clock.ts"

const most = 200

/** A secret manager that does not answer, and many instances that each wait for another document of it. */
async function crowd(waiting: number, settings = {}) {
  const shared = await connected(settings)
  const { vault, latchkey, reference } = shared
  const gate = Promise.withResolvers<void>()
  vault.gate = gate.promise
  const path = (i: number) => `secret/data/d${i}`
  for (let i = 0; i < 2 * most; i++) vault.documents.set(path(i), { key: "v" })
  const other = shared.instance()
  const ask = (i: number, one = i % 2 === 0 ? latchkey : other) => resolve(one, reference(`${path(i)}/key`))
  const all = Array.from({ length: waiting }, (_, i) => ask(i))
  await turn()
  const release = () => {
    vault.gate = undefined
    gate.resolve()
    return Promise.all(all)
  }
  return { ...shared, other, ask, release }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof LatchkeyError ? error.code : error),
  )

describe("a platform whose secret managers are slow", () => {
  test("has 200 fetches waiting at most, across instances: one more is THROTTLED, and told when to come again", async () => {
    const { latchkey, ask, release, vault } = await crowd(most)
    const one = ask(most, latchkey)
    await expect(one).rejects.toMatchObject({ code: "THROTTLED", fields: { retryAfterSeconds: 1 } })
    expect(vault.fetches).toHaveLength(most)
    await release()
  })

  test("does not keep another platform waiting", async () => {
    const { latchkey, reference, release, vault } = await crowd(most)
    vault.gate = undefined
    const evil = { ...service, platformId: "evil" }
    const theirs = await connect(latchkey, {}, { ...admin, platformId: "evil" })
    const value = reference("secret/data/d1/key", theirs)
    expect((await resolve(latchkey, value, { principal: evil })).value).toBe("v")
    await release()
  })

  test("is served again as soon as fetches end, and what was refused does not count", async () => {
    const { latchkey, ask, release, clock } = await crowd(most)
    for (let i = most; i < most + 20; i++) expect(await codeOf(ask(i, latchkey))).toBe("THROTTLED")
    await release()
    expect((await passing(clock, ask(most, latchkey))).value).toBe("v")
  })

  test("has the places back that a refused request had for other connections", async () => {
    const { latchkey, instance, ask, reference, release } = await crowd(most - 5)
    const ids = await Promise.all(Array.from({ length: 10 }, () => connect(latchkey)))
    const everywhere = ids.map((id) => reference("secret/data/d399/key", id))
    for (let i = 0; i < 3; i++) expect(await codeOf(resolve(instance(), everywhere))).toBe("THROTTLED")
    const others = Array.from({ length: 5 }, (_, i) => codeOf(ask(most + i, latchkey)))
    await turn()
    expect(await codeOf(ask(most + 5, latchkey))).toBe("THROTTLED")
    await release()
    expect(await Promise.all(others)).toEqual(others.map(() => "ok"))
  })

  test("is counted by each instance for itself while Redis is down", async () => {
    const { latchkey, other, ask, release, redis } = await crowd(0)
    redis.down = true
    const mine = Array.from({ length: most }, (_, i) => ask(i, latchkey))
    await turn()
    expect(await codeOf(ask(most, latchkey))).toBe("THROTTLED")
    const theirs = ask(most, other)
    await turn()
    await release()
    await Promise.all(mine)
    expect((await theirs).value).toBe("v")
    expect((await ask(most + 1, latchkey)).value).toBe("v")
  })

  test("is counted where nothing is cached too", async () => {
    const { latchkey, ask, release } = await crowd(0, { cacheTtlSeconds: 0 })
    const all = Array.from({ length: most }, (_, i) => ask(i, latchkey))
    await turn()
    expect(await codeOf(ask(most, latchkey))).toBe("THROTTLED")
    await release()
    await Promise.all(all)
    expect(await codeOf(ask(most, latchkey))).toBe("ok")
  })

  test("is not held to what dead instances left behind: past their deadlines they do not count", async () => {
    const { latchkey, instance, vault, ask, clock, release } = await crowd(0)
    // As if the instance had died: its time stands still, so it never tells that its fetches have ended.
    const never = new AbortController().signal
    const dead = instance({ clock: { ...clock, timeout: () => never } })
    const lost = Array.from({ length: most }, (_, i) => ask(i, dead))
    await turn()
    vault.gate = undefined
    expect(await codeOf(ask(most, latchkey))).toBe("THROTTLED")
    clock.advance(13_000)
    expect((await passing(clock, ask(most, latchkey))).value).toBe("v")
    await release()
    await Promise.all(lost)
  })
})

describe("who waits only for another's fetch", () => {
  test("does not count: many instances wanting one secret leave room for others", async () => {
    const { clock, instance, vault, reference, latchkey } = await connected()
    vault.documents.set("secret/data/hot", { key: "v" })
    vault.documents.set("secret/data/cold", { key: "v" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const instances = Array.from({ length: most }, () => instance())
    const waiting = instances.map((one) => resolve(one, reference("secret/data/hot/key")))
    await turn()
    await passingFor(clock, 300)
    const late = resolve(latchkey, reference("secret/data/cold/key"))
    await turn()
    gate.resolve()
    expect((await passing(clock, late)).value).toBe("v")
    await passing(clock, Promise.all(waiting))
    expect(vault.fetches).toHaveLength(2)
  })

  test("does not count once it is told of another's failure", async () => {
    const { instance, vault, reference, latchkey } = await connected()
    vault.documents.set("secret/data/cold", { key: "v" })
    vault.refusals.set("secret/data/broken", "PROVIDER_ERROR")
    const broken = { code: "SECRET_MANAGER_GET_SECRET_FAILED" }
    for (let i = 0; i <= most; i++)
      await expect(resolve(instance(), reference("secret/data/broken/key"))).rejects.toMatchObject(broken)
    expect(vault.fetches).toHaveLength(1)
    expect((await resolve(latchkey, reference("secret/data/cold/key"))).value).toBe("v")
  })

  test("leaves no trace when it is over: what waits is counted as it is", async () => {
    const { clock, instance, vault, reference, latchkey, counted } = await connected()
    vault.documents.set("secret/data/hot", { key: "v" })
    for (let round = 0; round < 30; round++) {
      const all = [
        latchkey,
        instance(),
        instance(),
        instance(),
        instance(),
        instance(),
        instance(),
        instance(),
      ]
      vault.documents.set(`secret/data/${round}`, { key: "v" })
      await passing(
        clock,
        Promise.all(all.map((one) => resolve(one, reference(`secret/data/${round}/key`)))),
        20,
      )
    }
    expect(counted).not.toContain("RedisDegraded")
    expect((await resolve(latchkey, reference("secret/data/hot/key"))).value).toBe("v")
  })
})
