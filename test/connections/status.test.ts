import { describe, expect, test, vi } from "vitest"
import type { Json } from "../../core/json.ts"
import { admin, callerOf, memberOf, resolve, service } from "../support/instance.ts"
import { turn } from "../support/moved-clock.ts"
import { given } from "./given.ts"

const hour = 3_600_000
const ok = { steps: [{ name: "authenticate", ok: true }], warnings: [] }

/** Lists as an admin, a service or a member does; the states, by connection. */
async function statesOf(all: ReturnType<typeof given>, principal = admin, latchkey = all.latchkey) {
  const query = principal.role === "MEMBER" && principal.type === "USER" ? { projectId: "p1" } : {}
  const { data } = await latchkey.connections.list(callerOf(latchkey, principal), query)
  return data.map(({ connection }) => connection)
}

describe("the last known status", () => {
  test("of success is known for an hour, to every instance, and to members without any check", async () => {
    const all = given()
    await all.connect()
    all.vault.failure = "UNREACHABLE"
    all.clock.advance(hour - 1)
    expect(await statesOf(all)).toMatchObject([{ connected: true, checkedAt: "2026-01-01T00:00:00.000Z" }])
    expect(await statesOf(all, memberOf("p1"), all.instance())).toEqual([{ connected: true }])
    expect(all.vault.checks).toHaveLength(1)
  })

  test("is checked again by an admin's list after that, never by a service's or a member's", async () => {
    const all = given()
    await all.connect()
    all.clock.advance(hour)
    expect(await statesOf(all, memberOf("p1"))).toEqual([{ connected: false }])
    expect(await statesOf(all, service)).toEqual([{ configured: true, connected: false }])
    expect(all.vault.checks).toHaveLength(1)
    expect(await statesOf(all)).toMatchObject([{ connected: true, checkedAt: "2026-01-01T01:00:00.000Z" }])
    expect(all.vault.checks).toHaveLength(2)
    expect(await statesOf(all, memberOf("p1"))).toEqual([{ connected: true }])
  })

  test("of failure is known for a minute", async () => {
    const all = given()
    await all.connect()
    all.clock.advance(hour)
    all.vault.failure = "SEALED"
    const failed = [{ connected: false, checkedAt: expect.any(String), error: { reason: "SEALED" } }]
    expect(await statesOf(all)).toMatchObject(failed)
    all.vault.failure = undefined
    all.clock.advance(59_999)
    expect(await statesOf(all, admin, all.instance())).toMatchObject(failed)
    expect(all.vault.checks).toHaveLength(2)
    all.clock.advance(1)
    expect(await statesOf(all)).toMatchObject([{ connected: true }])
  })

  test("outlives a clear for members and services, who look at no secret manager; an admin's list checks again", async () => {
    const all = given()
    const id = await all.connect()
    for (const of of [id, undefined]) {
      await all.latchkey.clear(all.by(), of)
      for (const latchkey of [all.latchkey, all.instance()]) {
        expect(await statesOf(all, service, latchkey)).toMatchObject([{ connected: true }])
        expect(await statesOf(all, memberOf("p1"), latchkey)).toEqual([{ connected: true }])
      }
      all.clock.advance(1_000)
      expect(await statesOf(all)).toMatchObject([{ checkedAt: new Date(all.clock.now()).toISOString() }])
    }
    expect(all.vault.checks).toHaveLength(3)
  })

  test("outlives other settings, but is no younger for them than a clear before", async () => {
    const all = given()
    const id = await all.connect()
    await all.update(id, { settings: { cacheTtlSeconds: 60 } })
    await statesOf(all)
    expect(all.vault.checks).toHaveLength(1)
    await all.latchkey.clear(all.by(), id)
    await all.update(id, { settings: { cacheTtlSeconds: 120 } })
    await statesOf(all)
    expect(all.vault.checks).toHaveLength(2)
  })

  test("ends with the configuration", async () => {
    const all = given()
    const id = await all.connect()
    all.redis.down = true
    await all.update(id, { config: { secretId: "s2" } })
    all.redis.down = false
    all.clock.advance(5_000)
    expect(await statesOf(all, service, all.instance())).toEqual([{ configured: true, connected: false }])
  })

  test("is the latest, where Redis missed what was found while it was away", async () => {
    const all = given()
    const id = await all.connect()
    all.redis.down = true
    all.vault.failure = "SEALED"
    all.clock.advance(1_000)
    await all.connections.test(all.by(), id)
    all.redis.down = false
    all.clock.advance(5_000)
    expect(await statesOf(all)).toMatchObject([{ connected: false, error: { reason: "SEALED" } }])
  })

  test("is kept in memory while Redis is away", async () => {
    const all = given()
    await all.connect()
    all.redis.entries.clear()
    all.redis.down = true
    expect(await statesOf(all)).toMatchObject([{ connected: true }])
    expect(all.vault.checks).toHaveLength(1)
  })

  test("cannot be planted in Redis, nor moved there from another connection", async () => {
    const all = given()
    await all.connect({ id: "smc_1" })
    const ofFirst = [...all.redis.entries.keys()]
    all.vault.check = async () => ok
    await all.connect({ id: "smc_2" })
    const secondStatus = [...all.redis.entries.keys()].find((name) => !ofFirst.includes(name)) ?? ""
    const other = all.instance()
    for (const value of [...ofFirst.map((name) => all.redis.entries.get(name)?.value ?? ""), "AAAA", "🔑"]) {
      all.redis.entries.set(secondStatus, { value, until: Number.POSITIVE_INFINITY })
      const [, second] = await statesOf(all, service, other)
      expect(second).toEqual({ configured: true, connected: false })
    }
  })
})

describe("an admin's list", () => {
  /** Connections of which nothing is known. */
  async function unknown(count: number) {
    const all = given()
    for (let n = 0; n < count; n++) await all.connect({ id: `smc_${String(n).padStart(2, "0")}` })
    all.clock.advance(hour)
    all.vault.checks = []
    return all
  }

  test("checks at most ten at once", async () => {
    const all = await unknown(25)
    let now = 0
    let most = 0
    all.vault.check = async () => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now--
      return ok
    }
    expect(await statesOf(all)).toMatchObject(Array(25).fill({ connected: true }))
    expect([most, all.vault.checks.length]).toEqual([10, 25])
  })

  test("takes three seconds in all: what was not checked by then is TIMEOUT, and is not remembered", async () => {
    const all = await unknown(25)
    all.vault.check = async (signal) => {
      if (all.vault.checks.length <= 5) return ok
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
      return ok
    }
    const { calls } = all.kms
    const listing = statesOf(all)
    await vi.waitFor(() => expect(all.vault.checks).toHaveLength(15), { interval: 1 })
    all.clock.advance(2_999)
    await turn()
    expect(all.vault.checks).toHaveLength(15)
    all.clock.advance(1)
    const states = await listing
    expect(states.slice(0, 5)).toMatchObject(Array(5).fill({ connected: true }))
    const late = { configured: true, connected: false, error: expect.objectContaining({ reason: "TIMEOUT" }) }
    expect(states.slice(5)).toEqual(Array(20).fill(late))
    expect(all.vault.checks).toHaveLength(15)
    // The platform's key, and one for each that was begun.
    expect(all.kms.calls - calls).toBe(16)

    all.vault.check = undefined
    expect(await statesOf(all)).toMatchObject(Array(25).fill({ connected: true }))
    expect(all.vault.checks).toHaveLength(35)
  })

  test("does not wait longer for keys than for secret managers, and asks for them no more", async () => {
    const all = given()
    await all.connect()
    const opened = Promise.withResolvers<void>()
    const stuck = all.instance({
      opener: {
        saved: (_record, _options, signal) => {
          opened.resolve()
          return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
        },
        unsaved: () => {
          throw new Error("nothing new is tested here")
        },
      },
    })
    all.clock.advance(hour)
    const listing = statesOf(all, admin, stuck)
    await opened.promise
    all.clock.advance(3_000)
    expect(await listing).toMatchObject([{ connected: false, error: { reason: "TIMEOUT" } }])
  })

  test("checks nothing where all is known, and nothing of a record that was tampered with", async () => {
    const all = given()
    await all.connect()
    await statesOf(all)
    all.record(await all.connect()).name = "Other"
    all.clock.advance(hour)
    await statesOf(all)
    expect(all.vault.checks).toHaveLength(3)
  })
})

describe("testing a saved connection", () => {
  test("is always live, and refreshes what lists show", async () => {
    const all = given()
    const id = await all.connect()
    all.vault.failure = "BAD_CREDENTIALS"
    all.clock.advance(1_000)
    const report = await all.connections.test(all.by(), id)
    expect(report).toMatchObject({
      connected: false,
      checkedAt: "2026-01-01T00:00:01.000Z",
      steps: [{ ok: false, error: { reason: "BAD_CREDENTIALS", connectionId: id, providerId: "hashicorp" } }],
    })
    expect(all.vault.checks.at(-1)).toEqual({ connectionId: id })
    expect(await statesOf(all)).toMatchObject([{ connected: false, checkedAt: report.checkedAt }])

    all.vault.failure = undefined
    all.clock.advance(1_000)
    expect(await all.connections.test(all.by(), id)).toMatchObject({ connected: true })
    const renewed = [{ connected: true, checkedAt: "2026-01-01T00:00:02.000Z" }]
    expect(await statesOf(all)).toMatchObject(renewed)
    expect(await statesOf(all, admin, all.instance())).toMatchObject(renewed)
    expect(all.vault.checks).toHaveLength(3)
  })

  test("that succeeds ends what is cached on every instance, negative answers included; version stays", async () => {
    const all = given()
    const id = await all.connect()
    const other = all.instance()
    const get = (key: string): Promise<{ value: Json }> =>
      resolve(other, `{{secret://${id}/secret/data/${key}/k}}`, { onError: "report" })
    all.vault.documents.set("secret/data/a", { k: "before" })
    await get("a")
    expect((await get("b")).value).toBeNull()
    all.vault.documents.set("secret/data/a", { k: "after" })
    all.vault.documents.set("secret/data/b", { k: "there now" })
    expect([(await get("a")).value, (await get("b")).value]).toEqual(["before", null])

    await all.connections.test(all.by(), id)
    expect([(await get("a")).value, (await get("b")).value]).toEqual(["after", "there now"])
    expect(all.record(id).version).toBe(1)
  })

  test("that fails leaves what is cached", async () => {
    const all = given()
    const id = await all.connect()
    const reference = `{{secret://${id}/secret/data/a/k}}`
    all.vault.documents.set("secret/data/a", { k: "v" })
    await resolve(all.latchkey, reference)
    const { generation } = all.record(id)
    all.vault.failure = "UNREACHABLE"
    await all.connections.test(all.by(), id)
    expect(all.record(id).generation).toBe(generation)
    expect((await resolve(all.latchkey, reference)).references).toMatchObject([{ source: "memory" }])
  })

  test("of what is deleted meanwhile brings nothing back", async () => {
    const all = given()
    const id = await all.connect()
    all.vault.check = async () => {
      await all.connections.remove(all.by(), id)
      return ok
    }
    await expect(all.connections.test(all.by(), id)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(all.store.connections.size).toBe(0)
  })

  test("is for what exists on the platform", async () => {
    const all = given()
    const id = await all.connect()
    const rival = all.by({ ...admin, platformId: "globex" })
    for (const act of [
      () => all.connections.test(rival, id),
      () => all.connections.test(all.by(), "smc_none"),
    ])
      await expect(act()).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(all.vault.checks).toHaveLength(1)
  })
})

describe("deleting a connection", () => {
  test("ends it for the next resolve, whatever is cached and whether or not the manager is up", async () => {
    const all = given()
    const id = await all.connect({ settings: { staleIfErrorSeconds: 600 } })
    const reference = `{{secret://${id}/secret/data/a/k}}`
    all.vault.documents.set("secret/data/a", { k: "v" })
    await resolve(all.latchkey, reference)
    all.vault.failure = "UNREACHABLE"
    await all.connections.remove(all.by(), id)
    await expect(resolve(all.latchkey, reference)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    await expect(all.connections.get(all.by(), id)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(await statesOf(all)).toEqual([])
  })

  test("a second time, or of another platform's, finds none", async () => {
    const all = given()
    const id = await all.connect()
    const rival = all.by({ ...admin, platformId: "globex" })
    await expect(all.connections.remove(rival, id)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    await all.connections.remove(all.by(), id)
    await expect(all.connections.remove(all.by(), id)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })
})
