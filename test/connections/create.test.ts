import { describe, expect, test } from "vitest"
import { ProviderError } from "../../core/errors.ts"
import { connectionIdPattern } from "../../core/ids.ts"
import { admin, callerOf, connect, resolve, service } from "../support/instance.ts"
import { given, newVault, vaultUrl } from "./given.ts"
import { aRecord } from "./records.ts"

describe("creating a connection", () => {
  test("answers with it, secret fields as { set: true }, and with the state that its test found", async () => {
    const { connections, by, clock } = given()
    const now = new Date(clock.now()).toISOString()
    const created = await connections.create(by(), newVault({ name: "Payments" }))
    expect(created).toEqual({
      id: expect.stringMatching(connectionIdPattern),
      created: now,
      updated: now,
      platformId: "acme",
      providerId: "hashicorp",
      name: "Payments",
      scope: "PLATFORM",
      config: { url: vaultUrl, authMethod: "approle", roleId: "role", secretId: { set: true } },
      version: 1,
      connection: { configured: true, connected: true, checkedAt: now },
      settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 0 },
    })
    expect(await connections.get(by(), created.id)).toEqual(created)
  })

  test("keeps the projects and the settings it is given, and defaults for the rest", async () => {
    const { connections, by } = given()
    const input = newVault({
      scope: "PROJECT",
      projectIds: ["p1", "p2"],
      settings: { cacheTtlSeconds: 60, allowedPaths: ["secret/data/**"] },
    })
    expect(await connections.create(by(), input)).toMatchObject({
      scope: "PROJECT",
      projectIds: ["p1", "p2"],
      settings: { cacheTtlSeconds: 60, staleIfErrorSeconds: 0, allowedPaths: ["secret/data/**"] },
    })
  })

  test("tests it live first, with what it was given", async () => {
    const { connections, by, vault, store } = given()
    const input = newVault()
    vault.check = async () => {
      expect(store.connections.size).toBe(0)
      return { steps: [{ name: "authenticate", ok: true }], warnings: [] }
    }
    await connections.create(by(), input)
    expect(vault.checks).toEqual([{ config: input.config }])
    expect(store.connections.size).toBe(1)
  })

  test("stores nothing where the test fails, and says why", async () => {
    const { connections, by, vault, store } = given()
    const upstream = { operation: "log in by AppRole", status: 400 }
    const error = new ProviderError("BAD_CREDENTIALS", "Vault refuses the secret id.", { upstream })
    vault.check = async () => ({
      steps: [
        { name: "reach", ok: true },
        { name: "authenticate", ok: false, error },
      ],
      warnings: [],
    })
    await expect(connections.create(by(), newVault())).rejects.toMatchObject({
      code: "SECRET_MANAGER_CONNECTION_FAILED",
      message: "Vault refuses the secret id.",
      fields: { reason: "BAD_CREDENTIALS", providerId: "hashicorp", upstream },
    })
    expect(store.connections.size).toBe(0)
  })

  test("stores the configuration encrypted, and nothing of its secrets anywhere", async () => {
    const { connect, storedConfig, record, redis, audit } = given()
    const id = await connect()
    expect(await storedConfig(id)).toEqual({
      url: vaultUrl,
      authMethod: "approle",
      roleId: "role",
      secretId: "s3cret",
    })
    const { config, configView, mac, ...rest } = record(id)
    const bytes = [config.wrappedKey, config.data, configView, mac].map((part) =>
      Buffer.from(part).toString("latin1"),
    )
    const entries = [...redis.entries.values()].map(({ value }) =>
      Buffer.from(value, "base64").toString("latin1"),
    )
    const everything = JSON.stringify([rest, bytes, entries, audit])
    expect(everything).not.toContain("s3cret")
    expect(JSON.stringify([bytes, entries])).not.toContain("vault.example")
  })

  describe("with an id to keep", () => {
    const id = "V1StGXR8xZ5jdHi6BxmyT"

    test("gets that id", async () => {
      expect(await given().connect({ id })).toBe(id)
    })

    test("is refused where it is taken, and contacts nothing", async () => {
      const { connect, vault, record } = given()
      await connect({ id, name: "First" })
      await expect(connect({ id, name: "Second" })).rejects.toMatchObject({ code: "CONFLICT" })
      expect(vault.checks).toHaveLength(1)
      expect(record(id).name).toBe("First")
    })

    test("is refused where another took it while it was tested", async () => {
      const { connect, vault, record } = given()
      vault.check = async () => {
        vault.check = undefined
        await connect({ id, name: "Quicker" })
        return { steps: [{ name: "authenticate", ok: true }], warnings: [] }
      }
      await expect(connect({ id, name: "Slower" })).rejects.toMatchObject({ code: "CONFLICT" })
      expect(record(id).name).toBe("Quicker")
    })

    test("may have one that another platform has", async () => {
      const { latchkey, connect: connectHere, record } = given()
      await connectHere({ id, name: "Acme's" })
      await connect(latchkey, { id, name: "Globex'" }, { ...admin, platformId: "globex" })
      expect([record(id).name, record(id, "globex").name]).toEqual(["Acme's", "Globex'"])
    })

    test("has nothing of the deleted connection that had it", async () => {
      const { connect, connections, by, latchkey, vault } = given()
      await connect({ id })
      vault.documents.set("secret/data/app", { key: "before" })
      await resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`)
      await connections.remove(by(), id)
      vault.documents.set("secret/data/app", { key: "after" })
      await connect({ id })
      expect(await resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`)).toMatchObject({
        value: "after",
        references: [{ source: "provider" }],
      })
    })
  })

  test("is refused once the platform has its thousand, and contacts nothing", async () => {
    const { connect, connections, by, store, vault } = given()
    const kept = await connect()
    for (let n = 1; n < 1_000; n++) await store.create(aRecord({ id: `smc_${n}` }), "req_load")
    await expect(connect()).rejects.toMatchObject({ code: "LIMIT_EXCEEDED", status: 409 })
    expect(vault.checks).toHaveLength(1)
    await connections.remove(by(), kept)
    await connect()
  })

  test("keeps the platform's key, whoever creates its first connections", async () => {
    const { instance, store, kms } = given()
    const ids = await Promise.all([connect(instance()), connect(instance()), connect(instance())])
    expect(store.platforms.size).toBe(1)
    const other = instance()
    for (const id of ids)
      expect(await other.connections.get(callerOf(other, admin), id)).toMatchObject({
        connection: { configured: true, connected: true },
      })
    expect(kms.calls).toBeGreaterThan(0)
  })

  test.each(["store", "kms"] as const)("is UNAVAILABLE without the %s, and stores nothing", async (part) => {
    const { connect, ...shared } = given()
    shared[part].down = true
    await expect(connect()).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(shared.store.connections.size).toBe(0)
  })

  test("works without Redis", async () => {
    const { connect, connections, by, redis } = given()
    redis.down = true
    const id = await connect()
    expect(await connections.get(by(), id)).toMatchObject({ connection: { connected: true } })
  })

  test("stores nothing for a caller who left during the test", async () => {
    const { connections, by, vault, store } = given()
    const left = new AbortController()
    vault.check = async (signal) => {
      left.abort(new Error("left"))
      signal.throwIfAborted()
      throw new Error("the check was not told")
    }
    await expect(connections.create({ ...by(), signal: left.signal }, newVault())).rejects.toThrow("left")
    expect(store.connections.size).toBe(0)
  })
})

describe("a live test", () => {
  test("that nobody answers ends as TIMEOUT", async () => {
    const { connections, by, vault, clock } = given()
    vault.check = (signal) => {
      const hanging = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      )
      clock.advance(12_999)
      expect(signal.aborted).toBe(false)
      clock.advance(1)
      return hanging
    }
    const report = await connections.testUnsaved(by(), newVault())
    expect(report).toMatchObject({ connected: false, steps: [{ ok: false, error: { reason: "TIMEOUT" } }] })
  })

  test("that a bug of ours ends says nothing of it", async () => {
    const { connections, by, vault } = given()
    vault.check = async () => {
      throw new TypeError("s3cret is not a function")
    }
    const report = await connections.testUnsaved(by(), newVault())
    expect(report.steps).toMatchObject([{ name: "reach", ok: false, error: { reason: "PROVIDER_ERROR" } }])
    expect(JSON.stringify(report)).not.toContain("s3cret")
  })

  test("of what is not saved reports each step and stores nothing", async () => {
    const { connections, by, vault, store, clock } = given()
    const error = new ProviderError("PERMISSION_DENIED", "Vault denies the probe path.")
    const warning = {
      code: "CREDENTIAL_EXPIRES",
      message: "The secret id ends soon.",
      at: "2026-01-03T00:00:00Z",
    }
    vault.check = async () => ({
      steps: [
        { name: "reach", ok: true, latencyMs: 3 },
        { name: "authenticate", ok: true, latencyMs: 5 },
        { name: "read", ok: false, error },
      ],
      warnings: [warning],
    })
    const caller = by()
    expect(await connections.testUnsaved(caller, newVault())).toEqual({
      connected: false,
      checkedAt: new Date(clock.now()).toISOString(),
      latencyMs: 8,
      steps: [
        { name: "reach", ok: true, latencyMs: 3 },
        { name: "authenticate", ok: true, latencyMs: 5 },
        {
          name: "read",
          ok: false,
          error: expect.objectContaining({
            code: "SECRET_MANAGER_CONNECTION_FAILED",
            reason: "PERMISSION_DENIED",
            requestId: caller.requestId,
          }),
        },
      ],
      warnings: [warning],
    })
    expect(store.connections.size).toBe(0)
  })
})

describe("what contacts a secret manager at an admin's word", () => {
  test("may happen 30 times a minute and platform, all operations and instances together", async () => {
    const { instance, connections, by, update, connect: connectHere, vault, clock } = given()
    const id = await connectHere()
    const other = instance()
    const acts = [
      () => connections.testUnsaved(by(), newVault()),
      () => connections.test(by(), id),
      () => update(id, { config: {} }),
      () => other.connections.testUnsaved(callerOf(other, admin), newVault()),
      () => connect(other),
    ]
    for (let n = 1; n < 30; n++) await acts[n % acts.length]?.()
    const checks = vault.checks.length
    expect(checks).toBe(30)

    for (const act of acts)
      await expect(act()).rejects.toMatchObject({ code: "THROTTLED", fields: { retryAfterSeconds: 60 } })
    expect(vault.checks).toHaveLength(checks)
    await connect(other, {}, { ...admin, platformId: "globex" })

    clock.advance(60_000)
    await connections.test(by(), id)
  })

  test("is not what renames, narrows, shows, lists, clears or deletes", async () => {
    const { latchkey, connections, by, update, connect } = given()
    const id = await connect()
    for (let n = 1; n < 30; n++) await connections.testUnsaved(by(), newVault())
    await update(id, { name: "Renamed" })
    await update(id, { settings: { allowedPaths: [] } })
    await connections.get(by(), id)
    await connections.list(by(), {})
    await latchkey.clear(by(service), id)
    await connections.remove(by(), id)
  })

  test("is counted within the instance while Redis is away", async () => {
    const { connections, by, redis } = given()
    redis.down = true
    for (let n = 0; n < 30; n++) await connections.testUnsaved(by(), newVault())
    await expect(connections.testUnsaved(by(), newVault())).rejects.toMatchObject({ code: "THROTTLED" })
  })
})
