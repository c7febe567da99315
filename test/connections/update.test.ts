import { describe, expect, test } from "vitest"
import { admin, callerOf, resolve } from "../support/instance.ts"
import { given, overtake, type Patch, vaultUrl } from "./given.ts"

const stored = { url: vaultUrl, authMethod: "approle", roleId: "role", secretId: "s3cret" }

describe("an update", () => {
  test("keeps what it leaves out, adds one to the version, and answers with the whole", async () => {
    const { connect, connections, by, update, clock } = given()
    const id = await connect({ scope: "PROJECT", projectIds: ["p1"], settings: { allowedPaths: ["a/**"] } })
    const before = await connections.get(by(), id)
    clock.advance(1_000)
    const after = await update(id, { name: "Renamed" })
    const updated = new Date(clock.now()).toISOString()
    expect(after).toEqual({ ...before, name: "Renamed", version: 2, updated })
    expect(await connections.get(by(), id)).toEqual(after)
  })

  test.each<[string, Patch, object]>([
    [
      "merges settings",
      { settings: { cacheTtlSeconds: 60 } },
      { cacheTtlSeconds: 60, allowedPaths: ["a/**"] },
    ],
    ["replaces allowed paths", { settings: { allowedPaths: [] } }, { allowedPaths: [] }],
    ["allows any path again by null", { settings: { allowedPaths: null } }, { allowedPaths: undefined }],
  ])("%s", async (_, patch, settings) => {
    const { connect, update } = given()
    const id = await connect({ settings: { cacheTtlSeconds: 300, allowedPaths: ["a/**"] } })
    const before = { cacheTtlSeconds: 300, staleIfErrorSeconds: 0, allowedPaths: ["a/**"] }
    const { allowedPaths, ...others } = { ...before, ...settings }
    expect(await update(id, patch)).toHaveProperty("settings", {
      ...others,
      ...(allowedPaths && { allowedPaths }),
    })
  })

  test.each<[string, Patch, { scope: string; projectIds?: string[] }]>([
    ["replaces the projects", { projectIds: ["p2", "p3"] }, { scope: "PROJECT", projectIds: ["p2", "p3"] }],
    ["drops the projects with the scope PLATFORM", { scope: "PLATFORM" }, { scope: "PLATFORM" }],
    [
      "keeps the projects with the scope it has",
      { scope: "PROJECT" },
      { scope: "PROJECT", projectIds: ["p1"] },
    ],
  ])("%s", async (_, patch, scoped) => {
    const { connect, connections, by, update, record } = given()
    const id = await connect({ scope: "PROJECT", projectIds: ["p1"] })
    const { projectIds: none, ...shown } = { projectIds: undefined, ...(await update(id, patch)) }
    expect(none).toEqual(scoped.projectIds)
    expect(shown.scope).toBe(scoped.scope)
    expect(record(id).projectIds).toEqual(scoped.projectIds)
    expect(await connections.get(by(), id)).toMatchObject({ connection: { configured: true } })
  })

  test.each<[string, object, Patch, string]>([
    ["the scope PROJECT without projects", {}, { scope: "PROJECT" }, "/projectIds"],
    ["projects beside the scope PLATFORM", {}, { projectIds: ["p1"] }, "/projectIds"],
    ["another provider", {}, { providerId: "onepassword" }, "/providerId"],
    [
      "stale answers where nothing is cached",
      { settings: { cacheTtlSeconds: 0 } },
      { settings: { staleIfErrorSeconds: 60 } },
      "/settings/staleIfErrorSeconds",
    ],
    [
      "no cache where stale answers are on",
      { settings: { staleIfErrorSeconds: 60 } },
      { settings: { cacheTtlSeconds: 0 } },
      "/settings/staleIfErrorSeconds",
    ],
  ])("refuses %s, and changes nothing", async (_, options, patch, pointer) => {
    const { connect, update, record } = given()
    const id = await connect(options)
    const before = structuredClone(record(id))
    await expect(update(id, patch)).rejects.toMatchObject({
      code: "VALIDATION",
      fields: { issues: [{ pointer, message: expect.any(String) }] },
    })
    expect(record(id)).toEqual(before)
  })

  test("takes the provider it has, as clients of Activepieces send it", async () => {
    const { connect, update } = given()
    expect(await update(await connect(), { providerId: "hashicorp", name: "N" })).toHaveProperty("name", "N")
  })

  test("knows no connection that does not exist, was deleted, or is another platform's", async () => {
    const { latchkey, connect, connections, by, update, vault } = given()
    const id = await connect()
    const gone = await connect()
    await connections.remove(by(), gone)
    const rival = callerOf(latchkey, { ...admin, platformId: "globex" })
    for (const act of [
      () => update("smc_none", { config: {} }),
      () => update(gone, { config: {} }),
      () => connections.update(rival, id, { config: {} }, undefined),
    ])
      await expect(act()).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(vault.checks).toHaveLength(2)
  })
})

describe("an update without config", () => {
  test.each<[string, Patch]>([
    ["renames", { name: "Renamed" }],
    ["narrows the scope", { projectIds: ["p1"] }],
    ["tightens paths", { settings: { allowedPaths: ["secret/data/app"] } }],
  ])(
    "%s while the secret manager is down, contacts nobody, and shows the last known state",
    async (_, patch) => {
      const { connect, connections, by, update, vault } = given()
      const id = await connect({ scope: "PROJECT", projectIds: ["p1", "p2"] })
      vault.failure = "UNREACHABLE"
      const connection = { configured: true, connected: true, checkedAt: expect.any(String) }
      expect(await update(id, patch)).toHaveProperty("connection", connection)
      expect(await connections.get(by(), id)).toHaveProperty("connection", connection)
      expect(vault.checks).toHaveLength(1)
    },
  )

  test("contacts nobody where no state is known any more", async () => {
    const { connect, update, vault, clock } = given()
    const id = await connect()
    clock.advance(3_600_000)
    expect(await update(id, { name: "Renamed" })).toMatchObject({
      connection: { configured: true, connected: false },
    })
    expect(vault.checks).toHaveLength(1)
  })

  test("keeps what is cached, unless it is of settings", async () => {
    const { latchkey, connect, update, vault } = given()
    const id = await connect()
    vault.documents.set("secret/data/app", { key: "v" })
    const source = async () =>
      (await resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`)).references[0]?.source
    await source()
    await update(id, { name: "Renamed" })
    expect(await source()).toBe("memory")
    await update(id, { settings: { cacheTtlSeconds: 600 } })
    expect(await source()).toBe("provider")
  })

  test("that narrows holds with the next resolve, whatever is cached and whether or not the manager is up", async () => {
    const { latchkey, connect, update, vault } = given()
    const id = await connect({ settings: { staleIfErrorSeconds: 600 } })
    vault.documents.set("secret/data/app", { key: "v" })
    const resolved = () => resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`, { projectId: "p1" })
    await resolved()
    vault.failure = "UNREACHABLE"
    await update(id, { settings: { allowedPaths: ["secret/data/other"] } })
    await expect(resolved()).rejects.toMatchObject({ fields: { reason: "PATH_NOT_ALLOWED" } })
    await update(id, { scope: "PROJECT", projectIds: ["p2"] })
    await expect(resolved()).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })
})

describe("If-Match", () => {
  test("guards an update by the version", async () => {
    const { connect, update } = given()
    const id = await connect()
    expect(await update(id, { name: "Second" }, 1)).toHaveProperty("version", 2)
    expect(await update(id, { name: "Third" }, 2)).toHaveProperty("version", 3)
  })

  test("that differs changes nothing, and contacts nobody", async () => {
    const { connect, update, vault, record } = given()
    const id = await connect()
    const before = structuredClone(record(id))
    for (const version of [0, 2])
      await expect(update(id, { config: { roleId: "r2", secretId: "s2" } }, version)).rejects.toMatchObject({
        code: "VERSION_CONFLICT",
      })
    expect(record(id)).toEqual(before)
    expect(vault.checks).toHaveLength(1)
  })

  test("is not touched by a clear", async () => {
    const { latchkey, by, connect, update } = given()
    const id = await connect()
    await latchkey.clear(by(), id)
    expect(await update(id, { name: "Renamed" }, 1)).toHaveProperty("version", 2)
  })

  test("is not passed over by an update that loses a race", async () => {
    const { connect, update, record, ...shared } = given()
    const id = await connect()
    overtake(shared, () => update(id, { name: "Quicker" }))
    await expect(update(id, { name: "Slower" }, 1)).rejects.toMatchObject({ code: "VERSION_CONFLICT" })
    expect(record(id).name).toBe("Quicker")
  })

  test("is not met by a connection created anew, which begins at version 1 again", async () => {
    const { connect, connections, by, update, record, ...shared } = given()
    const id = await connect({ id: "V1StGXR8xZ5jdHi6BxmyT" })
    overtake(shared, async () => {
      await connections.remove(by(), id)
      await connect({ id, name: "Anew" })
    })
    await expect(update(id, { name: "Late" }, 1)).rejects.toMatchObject({ code: "VERSION_CONFLICT" })
    expect(record(id)).toMatchObject({ name: "Anew", version: 1 })
  })
})

describe("an update that loses a race", () => {
  test("is merged with what came between, and tried once more", async () => {
    const { connect, update, record, ...shared } = given()
    const id = await connect({ scope: "PROJECT", projectIds: ["p1", "p2"] })
    overtake(shared, () => update(id, { projectIds: ["p1"], settings: { allowedPaths: ["a/**"] } }))
    expect(await update(id, { name: "Renamed", settings: { cacheTtlSeconds: 60 } })).toMatchObject({
      name: "Renamed",
      projectIds: ["p1"],
      settings: { cacheTtlSeconds: 60, allowedPaths: ["a/**"] },
      version: 3,
    })
    expect(record(id).version).toBe(3)
  })

  test("twice is a conflict", async () => {
    const { connect, update, record, ...shared } = given()
    const id = await connect()
    overtake(
      shared,
      () => update(id, { name: "First" }),
      () => update(id, { name: "Second" }),
    )
    await expect(update(id, { name: "Slowest" })).rejects.toMatchObject({ code: "VERSION_CONFLICT" })
    expect(record(id).name).toBe("Second")
  })

  test("with config is not tested again where the configuration stayed", async () => {
    const { connect, update, vault, storedConfig, ...shared } = given()
    const id = await connect()
    overtake(shared, () => update(id, { name: "Renamed" }))
    expect(await update(id, { config: { secretId: "s2" } })).toMatchObject({ name: "Renamed", version: 3 })
    expect(await storedConfig(id)).toEqual({ ...stored, secretId: "s2" })
    expect(vault.checks).toHaveLength(2)
  })

  test("with config is a conflict where the configuration changed", async () => {
    const { connect, update, storedConfig, ...shared } = given()
    const id = await connect()
    overtake(shared, () => update(id, { config: { secretId: "theirs" } }))
    await expect(update(id, { config: { probePath: "secret/data/p" } })).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    })
    expect(await storedConfig(id)).toEqual({ ...stored, secretId: "theirs" })
  })

  test("never brings back what was deleted, nor changes what was created anew", async () => {
    const { connect, connections, by, update, record, store, ...shared } = given()
    const id = await connect({ id: "V1StGXR8xZ5jdHi6BxmyT" })
    overtake({ store, ...shared }, () => connections.remove(by(), id))
    await expect(update(id, { name: "Late" })).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(store.connections.size).toBe(0)

    await connect({ id })
    overtake({ store, ...shared }, async () => {
      await connections.remove(by(), id)
      await connect({ id, name: "Anew" })
    })
    await expect(update(id, { config: { secretId: "s2" } })).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    })
    expect(record(id)).toMatchObject({ name: "Anew", version: 1 })
  })

  test("leaves a clear that came between in force", async () => {
    const { latchkey, by, connect, update, vault, ...shared } = given()
    const id = await connect()
    const reference = `{{secret://${id}/secret/data/app/key}}`
    vault.documents.set("secret/data/app", { key: "before" })
    await resolve(latchkey, reference)
    overtake(shared, () => latchkey.clear(by(), id))
    expect(await update(id, { name: "Renamed" })).toHaveProperty("version", 2)
    vault.documents.set("secret/data/app", { key: "after" })
    expect((await resolve(latchkey, reference)).value).toBe("after")
  })
})
