import { describe, expect, test } from "vitest"
import { newConnectionId } from "../../core/ids.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, clear, connect, connected, resolve, update } from "../support/instance.ts"
import { passing, turn } from "../support/moved-clock.ts"

const path = "secret/data/app/key"
const document = "secret/data/app"

/** Three instances that have all resolved the value before it was rotated, and a fourth that never did. */
async function rotated(settings = {}) {
  const shared = await connected(settings)
  const { latchkey, instance, vault, reference } = shared
  const instances = [latchkey, instance(), instance()]
  vault.documents.set(document, { key: "old" })
  for (const one of instances) await resolve(one, reference(path))
  vault.documents.set(document, { key: "new" })
  return { ...shared, instances: [...instances, instance()] }
}

const changes: [string, (latchkey: Latchkey, id: string) => Promise<unknown>][] = [
  ["a clear of the connection", (latchkey, id) => clear(latchkey, id)],
  ["a clear of the platform", (latchkey) => clear(latchkey)],
  [
    "an update of the configuration",
    (latchkey, id) => update(latchkey, id, { config: { secretId: "other" } }),
  ],
  ["a change of settings", (latchkey, id) => update(latchkey, id, { settings: { cacheTtlSeconds: 1800 } })],
  ["a successful test", (latchkey, id) => latchkey.connections.test(callerOf(latchkey, admin), id)],
]

describe.each(changes)("after %s", (_, change) => {
  test("no instance returns what was fetched before", async () => {
    const { instances, id, latchkey, reference } = await rotated()
    await change(latchkey, id)
    for (const one of instances) expect((await resolve(one, reference(path))).value).toBe("new")
  })

  test("nor if Redis was out of reach at that moment", async () => {
    const { instances, id, latchkey, redis, clock, reference } = await rotated()
    redis.down = true
    await change(latchkey, id)
    redis.down = false
    clock.advance(5_000)
    for (const one of instances) expect((await resolve(one, reference(path))).value).toBe("new")
  })

  test("nor if a fetch was in flight, here or elsewhere, that ends and writes afterwards", async () => {
    const { instances, id, latchkey, vault, clock, reference } = await rotated()
    await clear(latchkey, id)
    vault.documents.set(document, { key: "old" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const inFlight = instances.map((one) => resolve(one, reference(path)))
    await turn()
    vault.gate = undefined
    vault.documents.set(document, { key: "new" })
    await change(latchkey, id)
    const later = () => Promise.all(instances.map((one) => passing(clock, resolve(one, reference(path)))))
    for (const { value } of await later()) expect(value).toBe("new")
    gate.resolve()
    for (const one of inFlight) expect((await passing(clock, one)).value).toBe("old")
    for (const { value } of await later()) expect(value).toBe("new")
  })
})

describe("renaming", () => {
  test("keeps what is cached", async () => {
    const { instances, id, latchkey, reference } = await rotated()
    await update(latchkey, id, { name: "Other" })
    for (const one of instances) expect((await resolve(one, reference(path))).value).toBe("old")
  })
})

describe("a connection that was deleted", () => {
  test("gives nothing any more, on any instance, whatever is cached and with the provider down", async () => {
    const { instances, id, latchkey, vault, reference } = await rotated({ staleIfErrorSeconds: 600 })
    vault.failure = "UNREACHABLE"
    await latchkey.connections.remove(callerOf(latchkey, admin), id)
    for (const one of instances)
      await expect(resolve(one, reference(path))).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })

  test("and created again under its id gives nothing of before", async () => {
    const { instances, latchkey, instance, vault, store, clock } = await rotated()
    const id = newConnectionId()
    const mine = (what = path) => `{{secret://${id}/${what}}}`
    vault.documents.set(document, { key: "old" })
    await connect(latchkey, { id })
    for (const one of instances) await resolve(one, mine())
    await latchkey.connections.remove(callerOf(latchkey, admin), id)
    vault.documents.set(document, { key: "new" })
    await connect(latchkey, { id })
    expect(store.connections.get(`acme\n${id}`)?.version).toBe(1)
    for (const one of [...instances, instance()])
      expect((await passing(clock, resolve(one, mine()))).value).toBe("new")
  })
})

describe("narrowing takes effect with the next resolve, cached or not, provider up or down:", () => {
  test("a scope", async () => {
    const { instances, id, latchkey, vault, reference } = await rotated()
    vault.failure = "UNREACHABLE"
    await update(latchkey, id, { scope: "PROJECT", projectIds: ["p1"] })
    for (const one of instances) {
      await expect(resolve(one, reference(path))).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
      await expect(resolve(one, reference(path), { projectId: "p2" })).rejects.toMatchObject({
        code: "ENTITY_NOT_FOUND",
      })
      expect((await resolve(one, reference(path), { projectId: "p1" })).value).toBe("old")
    }
  })

  test("the allowed paths", async () => {
    const { instances, id, latchkey, vault, reference } = await rotated({ staleIfErrorSeconds: 600 })
    vault.failure = "UNREACHABLE"
    await update(latchkey, id, { settings: { allowedPaths: ["secret/data/other/*"] } })
    for (const one of instances)
      await expect(resolve(one, reference(path))).rejects.toMatchObject({
        fields: { reason: "PATH_NOT_ALLOWED" },
      })
  })

  test("the time that values may be reused", async () => {
    const { instances, id, latchkey, reference } = await rotated()
    await update(latchkey, id, { settings: { cacheTtlSeconds: 0 } })
    for (const one of instances) expect((await resolve(one, reference(path))).value).toBe("new")
  })
})

describe("a clear", () => {
  test("of one connection leaves the others' values where they are", async () => {
    const { latchkey, vault, reference, id, roundTrips } = await rotated()
    const other = await connect(latchkey)
    await resolve(latchkey, reference(path, other))
    await clear(latchkey, id)
    expect((await roundTrips(() => resolve(latchkey, reference(path, other)))).fetches).toBe(0)
    vault.documents.clear()
  })

  test("costs one miss at most: what was written late, under the old generation, is overwritten by the next fetch", async () => {
    const { latchkey, instances, id, reference, roundTrips } = await rotated()
    await clear(latchkey, id)
    await resolve(latchkey, reference(path))
    for (const one of instances)
      expect((await roundTrips(() => resolve(one, reference(path)))).fetches).toBe(0)
  })
})
