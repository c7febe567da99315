import { describe, expect, test } from "vitest"
import type { AuditItem } from "../../core/audit/audit.ts"
import { Secret } from "../../core/secret.ts"
import { resolve, service } from "../support/instance.ts"
import { given, newVault } from "./given.ts"

const host = "vault.example"

/** What was recorded since, without what every item has. */
function recorder({ audit, clock }: ReturnType<typeof given>) {
  audit.length = 0
  return () =>
    audit.map(({ platformId, at, requestId, ...event }: AuditItem) => {
      expect([platformId, at, requestId]).toEqual(["acme", clock.now(), expect.stringMatching(/^req_/)])
      return event
    })
}

describe("the audit has", () => {
  test("a creation, with its host", async () => {
    const all = given()
    const recorded = recorder(all)
    const connectionId = await all.connect()
    expect(recorded()).toEqual([{ actor: "ada", action: "connection.created", connectionId, host, item: 0 }])
  })

  test("a creation that failed, with why", async () => {
    const all = given()
    const recorded = recorder(all)
    all.vault.failure = "BAD_CREDENTIALS"
    await expect(all.connect()).rejects.toThrow()
    const event = { actor: "ada", action: "connection.created", connectionId: expect.any(String), host }
    const code = "SECRET_MANAGER_CONNECTION_FAILED"
    expect(recorded()).toEqual([
      { ...event, item: 0 },
      { ...event, item: 1, code, reason: "BAD_CREDENTIALS" },
    ])
  })

  test("an update, with the names of its fields, and the host where one is contacted", async () => {
    const all = given()
    const connectionId = await all.connect()
    const event = { actor: "ada", action: "connection.updated", connectionId, item: 0 }

    const renamed = recorder(all)
    await all.update(connectionId, { name: "N", settings: { cacheTtlSeconds: 60, allowedPaths: null } })
    const fields = ["name", "settings.cacheTtlSeconds", "settings.allowedPaths"]
    expect(renamed()).toEqual([{ ...event, fields }])

    const reconfigured = recorder(all)
    await all.update(connectionId, { config: { secretId: "s2", probePath: null } })
    expect(reconfigured()).toEqual([{ ...event, host, fields: ["config.secretId", "config.probePath"] }])

    const moved = recorder(all)
    await all.update(connectionId, { config: { url: "https://other.example:8200", secretId: "s3" } })
    expect(moved()).toMatchObject([{ host: "other.example:8200" }])
  })

  test("an update, but not the names of fields that its provider does not know: they could be secrets", async () => {
    const all = given()
    const connectionId = await all.connect()
    const misplaced = recorder(all)
    await expect(
      all.update(connectionId, { config: { secretId: "s2", hunter2: "x" } }),
    ).rejects.toMatchObject({ code: "VALIDATION" })
    await expect(all.update("smc_none", { config: { hunter2: "x" } })).rejects.toThrow()
    expect(misplaced().map(({ fields }) => fields)).toEqual([
      ["config.secretId"],
      ["config.secretId"],
      ["config"],
      ["config"],
    ])
  })

  test("an update that was refused, with why", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    await expect(all.update(connectionId, { config: { namespace: "x" } })).rejects.toThrow()
    await expect(all.update(connectionId, { name: "N" }, 7)).rejects.toThrow()
    expect(recorded()).toMatchObject([
      { item: 0, host },
      { item: 1, host, code: "VALIDATION" },
      { item: 0 },
      { item: 1, code: "VERSION_CONFLICT" },
    ])
  })

  test("a deletion, and one of what is not there", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    const event = { actor: "ada", action: "connection.deleted", connectionId }
    await all.connections.remove(all.by(), connectionId)
    await expect(all.connections.remove(all.by(), connectionId)).rejects.toThrow()
    expect(recorded()).toEqual([
      { ...event, item: 0 },
      { ...event, item: 0 },
      { ...event, item: 1, code: "ENTITY_NOT_FOUND" },
    ])
  })

  test("a deletion, as done, where the store's client had to ask twice for its answer", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    const once = all.store.delete
    all.store.delete = async (...input) => {
      await once(...input)
      return once(...input)
    }
    await all.connections.remove(all.by(), connectionId)
    expect(recorded()).toEqual([{ actor: "ada", action: "connection.deleted", connectionId, item: 0 }])
    expect(all.store.connections.size).toBe(0)
  })

  test("a test, saved or not, with its host", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    const event = { actor: "ada", action: "connection.tested", host, item: 0 }
    await all.connections.testUnsaved(all.by(), newVault())
    await all.connections.test(all.by(), connectionId)
    expect(recorded()).toEqual([event, { ...event, connectionId }])
  })

  test("a test and an update of what is not there", async () => {
    const all = given()
    const recorded = recorder(all)
    await expect(all.connections.test(all.by(), "smc_none")).rejects.toThrow()
    await expect(all.update("smc_none", { name: "N" })).rejects.toThrow()
    const tested = { actor: "ada", action: "connection.tested", connectionId: "smc_none" }
    const updated = { ...tested, action: "connection.updated", fields: ["name"] }
    expect(recorded()).toEqual(
      [tested, updated].flatMap((event) => [
        { ...event, item: 0 },
        { ...event, item: 1, code: "ENTITY_NOT_FOUND" },
      ]),
    )
  })

  test("a clear, by whom, and of what", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    await all.latchkey.clear(all.by(service), connectionId)
    await all.latchkey.clear(all.by(), undefined)
    expect(recorded()).toEqual([
      { actor: "flows", action: "cache.cleared", connectionId, item: 0 },
      { actor: "ada", action: "cache.cleared", item: 0 },
    ])
  })

  test("no clear that was denied: that is recorded as a denial", async () => {
    const all = given()
    const connectionId = await all.connect()
    const recorded = recorder(all)
    const restricted = { ...service, projectIds: ["p1"] }
    await expect(all.latchkey.clear(all.by(restricted), connectionId)).rejects.toThrow()
    await expect(all.latchkey.clear(all.by(restricted), undefined)).rejects.toThrow()
    expect(recorded()).toEqual([])
  })

  test("what was throttled", async () => {
    const all = given()
    for (let n = 0; n < 30; n++) await all.connections.testUnsaved(all.by(), newVault())
    const recorded = recorder(all)
    await expect(all.connections.testUnsaved(all.by(), newVault())).rejects.toThrow()
    expect(recorded()).toMatchObject([{ item: 0 }, { item: 1, code: "THROTTLED" }])
  })

  test("never a value of a configuration", async () => {
    const all = given()
    const marked = (n: number) => `marker-${n}`
    const id = await all.connect({
      config: {
        url: "https://vault.example/marker-0",
        authMethod: "approle",
        roleId: marked(1),
        secretId: new Secret(marked(2)),
      },
    })
    await all.update(id, { config: { namespace: marked(3), secretId: marked(4) } })
    await all.connections.test(all.by(), id)
    all.vault.failure = "BAD_CREDENTIALS"
    await expect(
      all.update(id, { config: { url: "https://vault.example/marker-5", secretId: marked(6) } }),
    ).rejects.toThrow()
    await all.connections
      .testUnsaved(all.by(), newVault({ config: { token: new Secret(marked(7)) } }))
      .catch(() => {})
    await all.connections.remove(all.by(), id)
    expect(all.audit.length).toBeGreaterThan(6)
    expect(JSON.stringify(all.audit)).not.toContain("marker")
  })
})

describe("while the audit cannot be written", () => {
  test("nothing is done, and nobody is contacted", async () => {
    const all = given()
    const id = await all.connect()
    all.vault.documents.set("secret/data/app", { key: "v" })
    await resolve(all.latchkey, `{{secret://${id}/secret/data/app/key}}`)
    const before = structuredClone(all.record(id))
    all.vault.checks = []
    all.auditStore.down = true
    for (const act of [
      () => all.connect(),
      () => all.update(id, { name: "N" }),
      () => all.update(id, { config: { secretId: "s2" } }),
      () => all.connections.remove(all.by(), id),
      () => all.connections.test(all.by(), id),
      () => all.connections.testUnsaved(all.by(), newVault()),
      () => all.latchkey.clear(all.by(), id),
      () => all.latchkey.clear(all.by(), undefined),
      () => resolve(all.latchkey, `{{secret://${id}/secret/data/app/key}}`),
      () => all.latchkey.validate(all.by(service), { value: `{{secret://${id}/secret/data/app/key}}` }),
    ])
      await expect(act()).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(all.record(id)).toEqual(before)
    expect([all.store.connections.size, all.vault.checks.length]).toEqual([1, 0])
    expect(all.counted.filter((name) => name === "AuditFailed")).toHaveLength(10)
  })

  test("shows and lists go on, which record nothing", async () => {
    const all = given()
    const id = await all.connect()
    all.auditStore.down = true
    await all.connections.get(all.by(), id)
    expect((await all.connections.list(all.by(), {})).data).toHaveLength(1)
  })
})
