import { describe, expect, test } from "vitest"
import type { Secret } from "../../core/secret.ts"
import { resolve } from "../support/instance.ts"
import { given, type Patch, vaultUrl } from "./given.ts"

const stored = { url: vaultUrl, authMethod: "approle", roleId: "role", secretId: "s3cret" }

describe("an update of the configuration", () => {
  test("is tested live, merged with what is stored, before it is stored", async () => {
    const { connect, update, vault, record, storedConfig } = given()
    const id = await connect()
    const { configId } = record(id)
    vault.check = async () => {
      expect(record(id).configId).toBe(configId)
      return { steps: [{ name: "authenticate", ok: true }], warnings: [] }
    }
    await update(id, { config: { probePath: "secret/data/probe" } })
    const [, tried = {}] = vault.checks
    const { secretId, ...others } = tried.config as { secretId: Secret }
    expect({ ...others, secretId: secretId.reveal() }).toEqual({ ...stored, probePath: "secret/data/probe" })
    expect(await storedConfig(id)).toEqual({ ...stored, probePath: "secret/data/probe" })
    expect(record(id).configId).not.toBe(configId)
  })

  test("removes optional fields by null", async () => {
    const { connect, update, storedConfig } = given()
    const id = await connect()
    await update(id, { config: { probePath: "secret/data/probe" } })
    await update(id, { config: { probePath: null, secretId: null } })
    expect(await storedConfig(id)).toEqual({ url: vaultUrl, authMethod: "approle", roleId: "role" })
  })

  test("shows what is set afterwards, and the state that the test found", async () => {
    const { connect, update, clock } = given()
    const id = await connect()
    clock.advance(5_000)
    expect(await update(id, { config: { probePath: "secret/data/probe", secretId: null } })).toMatchObject({
      config: { url: vaultUrl, authMethod: "approle", roleId: "role", probePath: "secret/data/probe" },
      connection: { connected: true, checkedAt: new Date(clock.now()).toISOString() },
    })
  })

  test.each<[string, Patch["config"], string]>([
    ["a field that the provider does not know", { vaultAddr: "x" }, "/config/vaultAddr"],
    ["a field of another shape", { url: "ftp://vault.example", secretId: "s" }, "/config/url"],
    ["a required field removed", { url: null, secretId: "s" }, "/config/url"],
  ])("refuses %s by name, and contacts nothing", async (_, config, pointer) => {
    const { connect, update, vault, record } = given()
    const id = await connect()
    const before = structuredClone(record(id))
    await expect(update(id, { config: config ?? {} })).rejects.toMatchObject({
      code: "VALIDATION",
      fields: { issues: [expect.objectContaining({ pointer })] },
    })
    expect(record(id)).toEqual(before)
    expect(vault.checks).toHaveLength(1)
  })

  test("that fails its test changes nothing, and says why", async () => {
    const { connect, update, vault, record, connections, by } = given()
    const id = await connect()
    const before = structuredClone(record(id))
    vault.failure = "BAD_CREDENTIALS"
    await expect(update(id, { name: "Renamed", config: { secretId: "wrong" } })).rejects.toMatchObject({
      code: "SECRET_MANAGER_CONNECTION_FAILED",
      fields: { reason: "BAD_CREDENTIALS", providerId: "hashicorp", connectionId: id },
    })
    expect(record(id)).toEqual(before)
    expect(await connections.get(by(), id)).toMatchObject({ connection: { connected: true } })
  })

  test("ends what is cached", async () => {
    const { latchkey, connect, update, vault } = given()
    const id = await connect()
    const reference = `{{secret://${id}/secret/data/app/key}}`
    vault.documents.set("secret/data/app", { key: "before" })
    await resolve(latchkey, reference)
    vault.documents.set("secret/data/app", { key: "after" })
    await update(id, { config: { secretId: "s2" } })
    expect(await resolve(latchkey, reference)).toMatchObject({
      value: "after",
      references: [{ source: "provider" }],
    })
  })

  test("is UNAVAILABLE without KMS, and changes nothing", async () => {
    const { connect, update, kms, record, instance, by } = given()
    const id = await connect()
    const before = structuredClone(record(id))
    kms.down = true
    for (const act of [
      () => update(id, { config: { secretId: "s2" } }),
      () => instance().connections.update(by(), id, { config: { secretId: "s2" } }, undefined),
    ])
      await expect(act()).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(record(id)).toEqual(before)
  })
})

describe("where a destination changes", () => {
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
  test.each<[string, NonNullable<Patch["config"]>]>([
    ["url", { url: "https://evil.example" }],
    ["url, by its port", { url: `${vaultUrl}:8200` }],
    ["url, by its path", { url: `${vaultUrl}/proxy` }],
    ["namespace", { namespace: "other" }],
    ["auth mount", { authMount: "other" }],
    ["CA", { caCertificate: certificate }],
    ["role", { roleId: "other" }],
  ])("(%s) stored secrets are not sent there: they must come again", async (_, config) => {
    const { connect, update, vault, record, storedConfig } = given()
    const id = await connect()
    const before = structuredClone(record(id))
    await expect(update(id, { config })).rejects.toMatchObject({
      code: "VALIDATION",
      fields: { issues: [{ pointer: "/config/secretId", message: expect.any(String) }] },
    })
    expect(vault.checks).toHaveLength(1)
    expect(record(id)).toEqual(before)

    await update(id, { config: { ...config, secretId: "again" } })
    expect(await storedConfig(id)).toEqual({ ...stored, ...config, secretId: "again" })
  })

  test("by its removal, they must come again too", async () => {
    const { connect, update, vault } = given()
    const id = await connect()
    await update(id, { config: { namespace: "team", secretId: "s2" } })
    await expect(update(id, { config: { namespace: null } })).rejects.toMatchObject({ code: "VALIDATION" })
    expect(vault.checks).toHaveLength(2)
  })

  test("or is only written otherwise, they are kept", async () => {
    const { connect, update, storedConfig } = given()
    const id = await connect()
    await update(id, { config: { url: `${vaultUrl}/`, authMethod: null } })
    expect(await storedConfig(id)).toEqual(stored)
  })

  test("and no secret is left, none needs to come", async () => {
    const { connect, update, storedConfig } = given()
    const id = await connect()
    await update(id, { config: { url: "https://other.example", secretId: null } })
    expect(await storedConfig(id)).toEqual({
      url: "https://other.example",
      authMethod: "approle",
      roleId: "role",
    })
  })

  test("by another auth method, fields of the old one fall away, and the new one's secrets must come", async () => {
    const { connect, update, storedConfig, vault } = given()
    const id = await connect()
    await expect(update(id, { config: { authMethod: "token" } })).rejects.toMatchObject({
      fields: { issues: [expect.objectContaining({ pointer: "/config/token" })] },
    })
    expect(vault.checks).toHaveLength(1)
    await update(id, { config: { authMethod: "token", token: "hvs.x" } })
    expect(await storedConfig(id)).toEqual({ url: vaultUrl, authMethod: "token", token: "hvs.x" })
    await update(id, { config: { authMethod: "approle", roleId: "role", secretId: "s2" } })
    expect(await storedConfig(id)).toEqual({ ...stored, secretId: "s2" })
  })

  test("by another auth method, a given field of the old one is refused", async () => {
    const { connect, update } = given()
    const id = await connect()
    const config = { authMethod: "token", token: "hvs.x", secretId: "s2" }
    await expect(update(id, { config })).rejects.toMatchObject({
      fields: { issues: [{ pointer: "/config/secretId", message: expect.any(String) }] },
    })
  })
})
