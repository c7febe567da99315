import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import {
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

const path = "secret/data/app/main"

let api: SandboxApi
let ada: Caller
let flows: Caller

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
  flows = api.as(service("acme"))
})

afterAll(() => api.close())

beforeEach(() => api.vault.admin.put(path, { key: "value-1", port: 5432 }))

const reference = (id: string, rest = `${path}/key`) => `{{secret://${id}/${rest}}}`

/** What one reference resolves to, and where that came from. */
async function resolved(id: string, rest?: string, as = flows): Promise<string> {
  const { status, body } = await as.post("/resolve", { value: reference(id, rest) })
  if (status !== 200) return `${status} ${body.code} ${body.reason ?? ""}`.trimEnd()
  return `${body.value} from ${body.references?.[0]?.source}`
}

describe("a connection", () => {
  test("is created once its secret manager has accepted it, and shows no credential", async () => {
    const { status, headers, body, text } = await ada.post("/", vaultConnection(api.vault))
    expect([status, headers.get("etag")]).toEqual([201, '"1"'])
    expect(body).toEqual({
      id: expect.stringMatching(/^smc_[A-Za-z0-9_-]{21}$/),
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updated: body.created,
      platformId: "acme",
      providerId: "hashicorp",
      name: "Vault",
      scope: "PLATFORM",
      config: {
        url: api.vault.url,
        authMethod: "approle",
        roleId: api.vault.config.roleId,
        secretId: { set: true },
      },
      version: 1,
      connection: { configured: true, connected: true, checkedAt: expect.any(String) },
      settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 0 },
    })
    expect(text).not.toContain(api.vault.config.secretId)
  })

  test("is not stored where the secret manager refuses it", async () => {
    const wrong = api.as(admin("wrong"))
    const config = { ...api.vault.config, secretId: "not-the-secret-id" }
    const refused = await wrong.post("/", vaultConnection(api.vault, { config }))
    expect(refused).toMatchObject({
      status: 400,
      body: {
        code: "SECRET_MANAGER_CONNECTION_FAILED",
        reason: "BAD_CREDENTIALS",
        providerId: "hashicorp",
        upstream: { operation: expect.any(String), status: 400 },
      },
    })
    expect(refused.text).not.toContain("not-the-secret-id")
    expect((await wrong.get("")).body.data).toEqual([])
  })
})

describe("a resolve", () => {
  test("replaces references wherever they stand, and nothing else", async () => {
    const id = await connect(ada, api.vault)
    const value = {
      whole: reference(id),
      embedded: `Bearer ${reference(id)}, twice ${reference(id)}`,
      nested: [{ deep: [reference(id, `${path}/port`)] }, 7, null, true, 1.5],
      activepieces: `{{${id}|ap_sep_v1|${path}/key}}`,
      escaped: `\\${reference(id)}`,
      other: "{{step.output}} C:\\ \\{{2}",
      [reference(id)]: "keys are never resolved",
    }
    const { status, body } = await flows.post("/resolve", { value })
    expect(status).toBe(200)
    expect(body.value).toEqual({
      ...value,
      whole: "value-1",
      embedded: "Bearer value-1, twice value-1",
      nested: [{ deep: ["5432"] }, 7, null, true, 1.5],
      activepieces: "value-1",
      escaped: reference(id),
    })
    const from = { connectionId: id, source: "provider", version: expect.any(String) }
    expect(body.references).toEqual(
      ["/whole", "/embedded", "/embedded", "/nested/0/deep/0", "/activepieces"].map((pointer) => ({
        pointer,
        ...from,
      })),
    )
  })

  test("reads references only where `at` says, and passes the rest byte for byte", async () => {
    const id = await connect(ada, api.vault)
    const value = { template: { url: reference(id) }, form: reference(id), "a/b": reference(id) }
    const { body } = await flows.post("/resolve", { value, at: ["/template", "/a~1b"] })
    expect(body.value).toEqual({ template: { url: "value-1" }, form: reference(id), "a/b": "value-1" })
  })

  test("does not resolve what it has resolved", async () => {
    const id = await connect(ada, api.vault)
    await api.vault.admin.put(path, { key: reference(id, "secret/data/app/api_key/value") })
    expect(await resolved(id)).toBe(`${reference(id, "secret/data/app/api_key/value")} from provider`)
  })

  test("fails as a whole at the first failing reference, or reports each and passes none on", async () => {
    const id = await connect(ada, api.vault)
    const value = { good: reference(id), bad: `x ${reference(id)} ${reference(id, `${path}/missing`)}` }
    const failed = await flows.post("/resolve", { value })
    expect(failed).toMatchObject({
      status: 424,
      body: {
        code: "SECRET_MANAGER_GET_SECRET_FAILED",
        reason: "NOT_FOUND",
        pointer: "/bad",
        connectionId: id,
      },
    })
    expect(failed.text).not.toContain("value-1")
    const { status, body } = await flows.post("/resolve", { value, onError: "report" })
    expect([status, body.value]).toEqual([200, { good: "value-1", bad: null }])
    expect(body.references).toMatchObject([
      { pointer: "/good", source: "memory" },
      { pointer: "/bad", source: "memory" },
      { pointer: "/bad", error: { code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "NOT_FOUND" } },
    ])
  })

  test("needs no I/O where there is nothing to resolve", async () => {
    const { dynamodb, redis, kms } = api.sandbox.parts
    for (const part of [dynamodb, redis, kms]) part?.requests.reset()
    const { body } = await flows.post("/resolve", { value: { plain: ["text"] } })
    expect(body).toEqual({ value: { plain: ["text"] }, references: [] })
    expect([dynamodb, redis, kms].map((part) => part?.requests.count())).toEqual([0, 0, 0])
  })
})

describe("a rotated secret", () => {
  test("is served from the cache until that is cleared, and anew from then on", async () => {
    const id = await connect(ada, api.vault)
    expect(await resolved(id)).toBe("value-1 from provider")
    await api.vault.admin.put(path, { key: "value-2" })
    expect(await resolved(id)).toBe("value-1 from memory")
    const cleared = await ada.delete(`/cache?connectionId=${id}`)
    expect([cleared.status, cleared.text]).toEqual([204, ""])
    expect(await resolved(id)).toBe("value-2 from provider")
  })

  test("is served anew after a clear of the whole platform, and other platforms keep theirs", async () => {
    const other = api.as(admin("other"))
    const [id, kept] = [await connect(ada, api.vault), await connect(other, api.vault)]
    const elsewhere = api.as(service("other"))
    await Promise.all([resolved(id), resolved(kept, undefined, elsewhere)])
    await api.vault.admin.put(path, { key: "value-2" })
    expect((await ada.delete("/cache")).status).toBe(204)
    expect(await resolved(id)).toBe("value-2 from provider")
    expect(await resolved(kept, undefined, elsewhere)).toBe("value-1 from memory")
  })

  test("is served anew after a test of the saved connection, which forgets what was missing too", async () => {
    const id = await connect(ada, api.vault)
    await resolved(id)
    expect(await resolved(id, "secret/data/app/new/key")).toBe(
      "424 SECRET_MANAGER_GET_SECRET_FAILED NOT_FOUND",
    )
    await api.vault.admin.put(path, { key: "value-2" })
    await api.vault.admin.put("secret/data/app/new", { key: "now there" })
    expect((await ada.post(`/${id}/test`)).body).toMatchObject({ connected: true })
    expect(await resolved(id)).toBe("value-2 from provider")
    expect(await resolved(id, "secret/data/app/new/key")).toBe("now there from provider")
  })

  test("is never cached where the connection says so", async () => {
    const id = await connect(ada, api.vault, { settings: { cacheTtlSeconds: 0 } })
    await resolved(id)
    await api.vault.admin.put(path, { key: "value-2" })
    expect(await resolved(id)).toBe("value-2 from provider")
  })
})

describe("a secret manager that fails", () => {
  test("whose token was revoked is logged in to again, once, and nobody notices", async () => {
    const id = await connect(ada, api.vault)
    await resolved(id)
    api.vault.admin.revokeTokens()
    await ada.delete(`/cache?connectionId=${id}`)
    const before = api.vault.requests.count("login")
    expect(await resolved(id)).toBe("value-1 from provider")
    expect(api.vault.requests.count("login")).toBe(before + 1)
  })

  test("by being sealed fails what is not cached, and works again once it is unsealed", async () => {
    const id = await connect(ada, api.vault)
    await resolved(id)
    api.vault.admin.seal()
    try {
      expect(await resolved(id)).toBe("value-1 from memory")
      expect(await resolved(id, "secret/data/app/api_key/value")).toBe(
        "424 SECRET_MANAGER_GET_SECRET_FAILED SEALED",
      )
      expect((await ada.post(`/${id}/test`)).body).toMatchObject({
        connected: false,
        steps: [{ ok: true }, { name: "authenticate", ok: false, error: { reason: "SEALED" } }],
      })
    } finally {
      api.vault.admin.unseal()
    }
    expect((await ada.post(`/${id}/test`)).body).toMatchObject({ connected: true })
    expect(await resolved(id, "secret/data/app/api_key/value")).toMatch(/^sk-demo-fake-\w+ from provider$/)
  })
})

describe("validation", () => {
  test("tells which references resolve, from the cache and without a value", async () => {
    const id = await connect(ada, api.vault)
    const value = {
      good: `${reference(id)} and ${reference(id, `${path}/missing`)}`,
      forbidden: reference(id, "secret/data/restricted/root-ca/private_key"),
      gone: reference(`smc_${"g".repeat(21)}`),
      malformed: "{{secret://",
    }
    const { status, body, text } = await ada.post("/validate", { value })
    expect(status).toBe(200)
    expect(body.references).toEqual([
      { pointer: "/good", connectionId: id, path: `${path}/key`, status: "ok" },
      expect.objectContaining({ pointer: "/good", path: `${path}/missing`, status: "failed" }),
      expect.objectContaining({
        pointer: "/forbidden",
        error: expect.objectContaining({ reason: "PERMISSION_DENIED" }),
      }),
      expect.objectContaining({
        pointer: "/gone",
        error: expect.objectContaining({
          code: "ENTITY_NOT_FOUND",
          detail: expect.stringContaining("There is no connection of this id"),
        }),
      }),
      expect.objectContaining({
        pointer: "/malformed",
        error: expect.objectContaining({ reason: "INVALID_PATH" }),
      }),
    ])
    expect(text).not.toContain("value-1")
    expect(await resolved(id)).toBe("value-1 from memory")
  })
})

describe("a restart", () => {
  test("keeps connections, their credentials and their versions, and resolving goes on", async () => {
    const id = await connect(ada, api.vault)
    await ada.patch(`/${id}`, { name: "Renamed" })
    const before = (await ada.get(`/${id}`)).body
    const all = (await ada.get("")).body.data?.length
    await api.restart()
    const after = await ada.get(`/${id}`)
    expect(after.body).toEqual({
      ...before,
      connection: { ...before.connection, checkedAt: expect.anything() },
    })
    expect(after.headers.get("etag")).toBe('"2"')
    expect((await ada.get("")).body.data).toHaveProperty("length", all)
    expect(await resolved(id)).toBe("value-1 from provider")
  })
})
