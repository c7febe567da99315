import { describe, expect, test } from "vitest"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import { admin, callerOf, memberOf, resolve, service } from "../support/instance.ts"
import { given, vaultUrl } from "./given.ts"

const projects = { scope: "PROJECT", projectIds: ["p1", "p2", "p3"] } as const
const inProjects = () => ({ ...projects, projectIds: [...projects.projectIds] })

describe("a connection as it is shown", () => {
  test("to an admin has everything but the secrets", async () => {
    const { connect, connections, by } = given()
    const id = await connect(inProjects())
    const shown = await connections.get(by(), id)
    expect(shown).toMatchObject({
      ...projects,
      platformId: "acme",
      config: { url: vaultUrl, authMethod: "approle", roleId: "role", secretId: { set: true } },
    })
    expect(JSON.stringify(shown)).not.toContain("s3cret")
  })

  test("to a service has no config, and of the projects those that are its own", async () => {
    const { connect, connections, by } = given()
    const id = await connect(inProjects())
    const { config: _for_admins, ...full } = { config: undefined, ...(await connections.get(by(), id)) }
    expect(await connections.get(by(service), id)).toEqual(full)
    expect(await connections.get(by({ ...service, projectIds: ["p2", "p9"] }), id)).toEqual({
      ...full,
      projectIds: ["p2"],
    })
  })

  test("to a member has what it takes to choose it, and nothing else", async () => {
    const { connect, connections, by } = given()
    const id = await connect(inProjects())
    expect(await connections.get(by(memberOf("p1", "p3")), id, "p1")).toEqual({
      id,
      name: "Vault",
      providerId: "hashicorp",
      scope: "PROJECT",
      projectIds: ["p1", "p3"],
      connection: { connected: true },
    })
  })

  test("to an admin who is a service has the config", async () => {
    const { connect, connections, by } = given()
    const id = await connect()
    expect(await connections.get(by({ ...admin, type: "SERVICE" }), id)).toHaveProperty("config")
  })

  test("costs no call to KMS once the platform's key is known", async () => {
    const { connect, connections, by, kms } = given()
    const id = await connect()
    const { calls } = kms
    await connections.get(by(), id)
    expect(kms.calls).toBe(calls)
  })

  test("tells admins and services why it does not work, members only that", async () => {
    const { connect, connections, by, vault, clock } = given()
    const id = await connect()
    vault.failure = "SEALED"
    clock.advance(3_600_000)
    const checkedAt = new Date(clock.now()).toISOString()
    const error = expect.objectContaining({
      code: "SECRET_MANAGER_CONNECTION_FAILED",
      reason: "SEALED",
      connectionId: id,
    })
    const connection = { configured: true, connected: false, checkedAt, error }
    expect(await connections.get(by(), id)).toHaveProperty("connection", connection)
    expect(await connections.get(by(service), id)).toHaveProperty("connection", connection)
    expect(await connections.get(by(memberOf("p1")), id, "p1")).toHaveProperty("connection", {
      connected: false,
    })
  })
})

describe("getting a connection", () => {
  test.each<[string, string, Parameters<typeof memberOf>[0] | undefined]>([
    ["an admin without a project", "admin", undefined],
    ["an admin for a project of it", "admin", "p1"],
    ["a service without a project", "service", undefined],
    ["a service for a project of it", "service", "p1"],
    ["a service of p1 without a project", "service of p1", undefined],
    ["a member for a project of theirs", "member of p1", "p1"],
  ])("is for %s", async (_, who, projectId) => {
    const { connect, connections, by } = given()
    const id = await connect(inProjects())
    expect(await connections.get(by(callers[who]), id, projectId)).toHaveProperty("id", id)
  })

  test.each<[string, string, string | undefined, string]>([
    ["an admin for another project", "admin", "p9", "ENTITY_NOT_FOUND"],
    ["a service for another project", "service", "p9", "ENTITY_NOT_FOUND"],
    ["a service of p9 without a project", "service of p9", undefined, "ENTITY_NOT_FOUND"],
    ["a service of p9 for p1", "service of p9", "p1", "AUTHORIZATION"],
    ["a service of none", "service of none", undefined, "ENTITY_NOT_FOUND"],
    ["a member for a project that is not theirs", "member of p9", "p1", "AUTHORIZATION"],
    ["a member for a project without it", "member of p9", "p9", "ENTITY_NOT_FOUND"],
    ["a member without a project", "member of p1", undefined, "AUTHORIZATION"],
    ["a member of nothing", "member of none", "p1", "AUTHORIZATION"],
    ["an admin of another platform", "admin of globex", undefined, "ENTITY_NOT_FOUND"],
  ])("is not for %s", async (_, who, projectId, code) => {
    const { latchkey, connect, connections, by } = given()
    const id = await connect(inProjects())
    await connections.create(callerOf(latchkey, callers["admin of globex"] ?? admin), {
      providerId: "hashicorp",
      name: "Theirs",
      scope: "PLATFORM",
      config: { url: vaultUrl, authMethod: "approle", roleId: "r" },
    })
    await expect(connections.get(by(callers[who]), id, projectId)).rejects.toMatchObject({ code })
  })

  test("that one may not see is told in the same words as that there is none", async () => {
    const { connect, connections, by } = given()
    const id = await connect(inProjects())
    const problemOf = async (of: string) => {
      const error = await connections.get(by(memberOf("p9")), of, "p9").catch((error: unknown) => error)
      const { code, message, fields } = error as { code: string; message: string; fields: object }
      return JSON.stringify({ code, message, fields }).replace(of, "ID")
    }
    expect(await problemOf(id)).toBe(await problemOf("smc_none"))
  })

  const callers: Record<string, typeof admin> = {
    admin,
    service,
    "service of p1": { ...service, projectIds: ["p1"] },
    "service of p9": { ...service, projectIds: ["p9"] },
    "service of none": { ...service, projectIds: [] },
    "member of p1": memberOf("p1"),
    "member of p9": memberOf("p9"),
    "member of none": { ...admin, role: "MEMBER" },
    "admin of globex": { ...admin, platformId: "globex" },
  }
})

describe("a record that was changed outside Latchkey", () => {
  const edits: [string, (record: ConnectionRecord) => Partial<ConnectionRecord>][] = [
    ["its scope", () => ({ scope: "PLATFORM" })],
    ["its projects", ({ projectIds = [] }) => ({ projectIds: [...projectIds, "p9"] })],
    ["its allowed paths", ({ settings }) => ({ settings: { ...settings, allowedPaths: ["**"] } })],
    ["its name", () => ({ name: "Other" })],
    ["its version", ({ version }) => ({ version: version + 1 })],
    ["its MAC", () => ({ mac: new Uint8Array(32) })],
  ]

  test.each(edits)("(%s) shows as not configured, and says so", async (_, edit) => {
    const { connect, connections, by, record } = given()
    const id = await connect({ ...inProjects(), settings: { allowedPaths: ["a"] } })
    Object.assign(record(id), edit(record(id)))
    const connection = {
      configured: false,
      connected: false,
      error: expect.objectContaining({
        code: "UNAVAILABLE",
        detail: expect.stringContaining("changed outside Latchkey"),
      }),
    }
    expect(await connections.get(by(), id)).toHaveProperty("connection", connection)
    expect((await connections.list(by(service), {})).data).toMatchObject([{ connection }])
    expect(await connections.get(by(memberOf("p1")), id, "p1")).toHaveProperty("connection", {
      connected: false,
    })
  })

  test.each(edits)(
    "(%s) leads to no secret, is contacted by nobody, and can only be deleted",
    async (_, edit) => {
      const { latchkey, connect, connections, by, update, record, vault, clock, audit } = given()
      const id = await connect({ ...inProjects(), settings: { allowedPaths: ["a"] } })
      Object.assign(record(id), edit(record(id)))
      clock.advance(3_600_000)
      for (const act of [
        () => resolve(latchkey, `{{secret://${id}/a/b/c}}`, { projectId: "p1" }),
        () => connections.test(by(), id),
        () => update(id, { name: "Mended" }),
        () => update(id, { config: {} }),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: "UNAVAILABLE", fields: { connectionId: id } })
        const last = audit.at(-1)
        expect(last?.code ?? last?.outcomes?.[0]?.code).toBe("UNAVAILABLE")
      }
      expect([vault.checks.length, vault.fetches.length]).toEqual([1, 0])
      await connections.remove(by(), id)
    },
  )
})
