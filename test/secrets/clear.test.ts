import { describe, expect, test } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import { admin, callerOf, connect, resolve, service, world } from "../support/instance.ts"

async function cached() {
  const shared = world()
  const latchkey = shared.instance()
  const other = shared.instance()
  const id = await connect(latchkey)
  const ofProject = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
  const value = async (of = id) =>
    (await resolve(other, `{{secret://${of}/secret/data/app/key}}`, { projectId: "p1" })).value
  const set = (key: string) => shared.vault.documents.set("secret/data/app", { key })
  const clear = (connectionId?: string, principal = admin) =>
    latchkey.clear(callerOf(latchkey, principal), connectionId)
  set("before")
  for (const of of [id, ofProject]) await value(of)
  set("after")
  return { ...shared, latchkey, id, ofProject, value, clear }
}

describe("clearing the cache", () => {
  test("of a connection takes effect with the next resolve of any instance, and leaves the others", async () => {
    const { id, ofProject, value, clear } = await cached()
    expect([await value(id), await value(ofProject)]).toEqual(["before", "before"])
    await clear(id)
    expect([await value(id), await value(ofProject)]).toEqual(["after", "before"])
  })

  test("of the platform takes effect on all of its connections, and on no other platform's", async () => {
    const { latchkey, vault, id, ofProject, value, clear } = await cached()
    const globex = { ...admin, platformId: "globex" }
    const theirs = await connect(latchkey, {}, globex)
    const resolveTheirs = () =>
      resolve(latchkey, `{{secret://${theirs}/secret/data/app/key}}`, {
        principal: { ...service, platformId: "globex" },
      })
    await resolveTheirs()
    const fetches = vault.fetches.length
    await clear()
    expect([await value(id), await value(ofProject)]).toEqual(["after", "after"])
    expect((await resolveTheirs()).references).toMatchObject([{ source: "memory" }])
    expect(vault.fetches).toHaveLength(fetches + 2)
  })

  test("takes effect though Redis was away at that moment", async () => {
    const { id, value, clear, redis, clock } = await cached()
    redis.down = true
    await clear(id)
    redis.down = false
    clock.advance(6_000)
    expect(await value(id)).toBe("after")
  })

  test("takes effect though a fetch was under way: what starts later does not join it", async () => {
    const { latchkey, vault, id, clear } = await cached()
    const reference = `{{secret://${id}/secret/data/app/key}}`
    await clear(id)
    const held = Promise.withResolvers<void>()
    vault.gate = held.promise
    const before = resolve(latchkey, reference)
    await expect.poll(() => vault.fetches.length, { interval: 1 }).toBe(3)
    vault.gate = undefined
    await clear(id)
    vault.documents.set("secret/data/app", { key: "last" })
    expect(await resolve(latchkey, reference)).toMatchObject({
      value: "last",
      references: [{ source: "provider" }],
    })
    held.resolve()
    await before
    expect((await resolve(latchkey, reference)).value).toBe("last")
  })

  test("asks neither Redis nor the secret manager, and keeps versions", async () => {
    const { id, clear, redis, vault, store } = await cached()
    const asked = redis.asked.pipelines
    const fetches = vault.fetches.length
    await clear(id)
    await clear()
    expect([redis.asked.pipelines, vault.fetches.length, vault.checks.length]).toEqual([asked, fetches, 2])
    expect([...store.connections.values()].map(({ version }) => version)).toEqual([1, 1])
  })

  test("of a platform that has nothing is done at once", async () => {
    const { clear, store } = await cached()
    await clear(undefined, { ...admin, platformId: "nobody" })
    expect(store.platforms.has("nobody")).toBe(false)
  })

  test("is UNAVAILABLE without the store", async () => {
    const { id, clear, store } = await cached()
    store.down = true
    await expect(clear(id)).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })

  test.each<[string, Principal, Record<"platform's" | "p1's" | "all", string>]>([
    ["an admin", admin, { "platform's": "ok", "p1's": "ok", all: "ok" }],
    ["a service", service, { "platform's": "ok", "p1's": "ok", all: "ok" }],
    [
      "a service of p1",
      { ...service, projectIds: ["p1"] },
      { "platform's": "AUTHORIZATION", "p1's": "ok", all: "AUTHORIZATION" },
    ],
    [
      "a service of p2",
      { ...service, projectIds: ["p2"] },
      { "platform's": "AUTHORIZATION", "p1's": "ENTITY_NOT_FOUND", all: "AUTHORIZATION" },
    ],
    [
      "an admin of another platform",
      { ...admin, platformId: "globex" },
      { "platform's": "ENTITY_NOT_FOUND", "p1's": "ENTITY_NOT_FOUND", all: "ok" },
    ],
  ])("is for whom it is for: %s", async (_, principal, expected) => {
    const { id, ofProject, value, clear } = await cached()
    const ids = { "platform's": id, "p1's": ofProject, all: undefined }
    for (const [name, connectionId] of Object.entries(ids)) {
      const outcome = await clear(connectionId, principal).then(
        () => "ok",
        ({ code }) => code,
      )
      expect([name, outcome]).toEqual([name, expected[name as keyof typeof expected]])
    }
    if (!Object.values(expected).includes("ok") || principal.platformId !== "acme")
      expect([await value(id), await value(ofProject)]).toEqual(["before", "before"])
  })

  test("does not tell a connection of other projects from one that does not exist", async () => {
    const { ofProject, clear } = await cached()
    const told = async (of: string) => {
      const error = await clear(of, { ...service, projectIds: ["p2"] }).catch((error: unknown) => error)
      const { code, message, fields } = error as { code: string; message: string; fields: object }
      return JSON.stringify({ code, message, fields }).replace(of, "ID")
    }
    expect(await told(ofProject)).toBe(await told("smc_none"))
  })
})
