import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import {
  admin,
  type Body,
  type Caller,
  connect,
  member,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let platforms = 0

beforeAll(async () => {
  api = await startSandboxApi()
})

afterAll(() => api.close())

/** A platform of the test's own: nothing is there, and none of its live tests are spent. */
function newPlatform() {
  const platform = `platform-${++platforms}`
  const as = (claims: typeof admin) => api.as(claims(platform))
  return {
    platform,
    ada: as(admin),
    flows: as(service),
    member: (...ids: string[]) => api.as(member(platform, ...ids)),
  }
}

const secret = (id: string) => `{{secret://${id}/secret/data/app/api_key/value}}`
const idsOf = (body: Body) => (body.data as unknown as Body[]).map(({ id }) => id)

describe("an update", () => {
  test("changes what it names, raises the version and answers the whole connection", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    const before = (await ada.get(`/${id}`)).body
    const { status, headers, body } = await ada.patch(`/${id}`, { name: "Другой 🔑" })
    expect([status, headers.get("etag")]).toEqual([200, '"2"'])
    expect(body).toEqual({ ...before, name: "Другой 🔑", version: 2, updated: expect.any(String) })
    expect((await ada.get(`/${id}`)).body).toEqual(body)
  })

  test("is guarded by If-Match, with quotes and without", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    const rename = (name: string, version: string) => ada.patch(`/${id}`, { name }, { "if-match": version })
    expect((await rename("b", '"1"')).body).toMatchObject({ name: "b", version: 2 })
    expect((await rename("c", "2")).body).toMatchObject({ name: "c", version: 3 })
    expect(await rename("d", "2")).toMatchObject({ status: 412, body: { code: "VERSION_CONFLICT" } })
    for (const nonsense of ['W/"3"', "*", '"3", "4"', "three", "-1", "3.0"])
      expect(await rename("d", nonsense)).toMatchObject({ status: 400, body: { code: "VALIDATION" } })
    expect((await ada.get(`/${id}`)).body).toMatchObject({ name: "c", version: 3 })
  })

  test("of one version by two admins at once succeeds for one of them", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    const names = ["a", "b", "c", "d"]
    const answers = await Promise.all(names.map((name) => ada.patch(`/${id}`, { name }, { "if-match": "1" })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412])
    const winner = answers.find(({ status }) => status === 200)
    expect((await ada.get(`/${id}`)).body.name).toBe(winner?.body.name)
  })

  test("merges settings, takes `null` for none, and refuses what does not fit together", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault, {
      settings: { allowedPaths: ["secret/**"], cacheTtlSeconds: 60 },
    })
    const update = async (settings: object) => {
      const { status, body } = await ada.patch(`/${id}`, { settings })
      return status === 200 ? body.settings : status
    }
    expect(await update({ staleIfErrorSeconds: 10 })).toEqual({
      cacheTtlSeconds: 60,
      staleIfErrorSeconds: 10,
      allowedPaths: ["secret/**"],
    })
    expect(await update({ cacheTtlSeconds: 0 })).toBe(400)
    expect(await update({ allowedPaths: null })).toEqual({ cacheTtlSeconds: 60, staleIfErrorSeconds: 10 })
    expect(await update({ allowedPaths: [] })).toMatchObject({ allowedPaths: [] })
  })

  test("of settings forgets what was cached, and of paths holds for what is", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", { value: secret(id) })
    await ada.patch(`/${id}`, { settings: { cacheTtlSeconds: 600 } })
    const anew = await flows.post("/resolve", { value: secret(id) })
    expect(anew.body).toMatchObject({ references: [{ source: "provider" }] })
    await ada.patch(`/${id}`, { settings: { allowedPaths: ["kv/**"] } })
    expect(await flows.post("/resolve", { value: secret(id) })).toMatchObject({
      status: 424,
      body: { reason: "PATH_NOT_ALLOWED" },
    })
  })

  test("to another scope holds for the next resolve", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    const resolve = async (projectId?: string) =>
      (await flows.post("/resolve", { value: secret(id), ...(projectId && { projectId }) })).status
    expect(await resolve()).toBe(200)
    const narrowed = await ada.patch(`/${id}`, { scope: "PROJECT", projectIds: ["p1", "p2"] })
    expect(narrowed.body).toMatchObject({ scope: "PROJECT", projectIds: ["p1", "p2"] })
    expect([await resolve(), await resolve("p1"), await resolve("p3")]).toEqual([404, 200, 404])
    await ada.patch(`/${id}`, { projectIds: ["p3"] })
    expect([await resolve("p1"), await resolve("p3")]).toEqual([404, 200])
    const widened = await ada.patch(`/${id}`, { scope: "PLATFORM", projectIds: [] })
    expect(widened.body).toMatchObject({ scope: "PLATFORM" })
    expect(widened.body).not.toHaveProperty("projectIds")
    expect(await resolve()).toBe(200)
  })

  test("of a scope without projects is refused", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    for (const patch of [{ scope: "PROJECT" }, { scope: "PROJECT", projectIds: [] }, { projectIds: ["p1"] }])
      expect(await ada.patch(`/${id}`, patch)).toMatchObject({
        status: 400,
        body: { code: "VALIDATION", issues: [{ pointer: "/projectIds" }] },
      })
  })

  test("works while the secret manager is down, save of its configuration", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    api.vault.admin.seal()
    try {
      expect((await ada.patch(`/${id}`, { name: "b", settings: { allowedPaths: [] } })).status).toBe(200)
      expect(await ada.patch(`/${id}`, { config: { probePath: "secret/data/app/api_key" } })).toMatchObject({
        status: 400,
        body: { code: "SECRET_MANAGER_CONNECTION_FAILED", reason: "SEALED" },
      })
    } finally {
      api.vault.admin.unseal()
    }
    const { body } = await ada.get(`/${id}`)
    expect(body).toMatchObject({ name: "b", version: 2 })
    expect(body.config).not.toHaveProperty("probePath")
  })

  test("of the configuration keeps the secrets that it leaves out, and removes by `null`", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    const probed = await ada.patch(`/${id}`, { config: { probePath: "secret/data/app/api_key" } })
    expect(probed.body.config).toMatchObject({
      probePath: "secret/data/app/api_key",
      secretId: { set: true },
    })
    const unprobed = await ada.patch(`/${id}`, { config: { probePath: null } })
    expect(unprobed.body.config).not.toHaveProperty("probePath")
    expect((await flows.post("/resolve", { value: secret(id) })).status).toBe(200)
  })

  test("of a destination asks for the secrets again, and contacts nobody until they come", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    const before = api.vault.requests.count()
    const moved = { url: api.vault.url.replace("127.0.0.1", "localhost") }
    for (const config of [moved, { authMount: "other" }, { namespace: "team" }, { roleId: "another" }])
      expect(await ada.patch(`/${id}`, { config })).toMatchObject({
        status: 400,
        body: { code: "VALIDATION", issues: [{ pointer: "/config/secretId" }] },
      })
    expect(api.vault.requests.count()).toBe(before)
    expect((await ada.get(`/${id}`)).body.version).toBe(1)
    const { secretId } = api.vault.config
    expect((await ada.patch(`/${id}`, { config: { ...moved, secretId } })).body.config).toMatchObject(moved)
  })

  test("cannot change the provider, nor what is not its own", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    for (const [name, value] of Object.entries({
      providerId: "aws",
      id: "other",
      platformId: "other",
      version: 7,
      created: "2020-01-01T00:00:00Z",
      connection: {},
    }))
      expect(await ada.patch(`/${id}`, { [name]: value })).toMatchObject({
        status: 400,
        body: { issues: [{ pointer: `/${name}` }] },
      })
  })
})

describe("deletion", () => {
  test("takes the connection away for good, from its first answer on", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", { value: secret(id) })
    const { status, text, headers } = await ada.delete(`/${id}`)
    expect([status, text, headers.get("content-type")]).toEqual([204, "", null])
    const gone = { status: 404, body: { code: "ENTITY_NOT_FOUND" } }
    expect(await ada.get(`/${id}`)).toMatchObject(gone)
    expect(await ada.delete(`/${id}`)).toMatchObject(gone)
    expect(await ada.patch(`/${id}`, { name: "b" })).toMatchObject(gone)
    expect(await ada.post(`/${id}/test`)).toMatchObject(gone)
    expect(await ada.delete(`/cache?connectionId=${id}`)).toMatchObject(gone)
    expect(await flows.post("/resolve", { value: secret(id) })).toMatchObject(gone)
    expect((await ada.get("")).body.data).toEqual([])
  })

  test("leaves nothing behind for a connection of the same id", async () => {
    const { ada, flows } = newPlatform()
    const id = "moved0here0again00000"
    await connect(ada, api.vault, { id })
    await flows.post("/resolve", { value: secret(id) })
    await ada.delete(`/${id}`)
    await connect(ada, api.vault, { id })
    const { body } = await flows.post("/resolve", { value: secret(id) })
    expect(body).toMatchObject({ references: [{ source: "provider" }] })
  })
})

describe("a test", () => {
  test("of an unsaved connection tells each step, and stores nothing", async () => {
    const { ada } = newPlatform()
    const { status, body } = await ada.post("/test", { providerId: "hashicorp", config: api.vault.config })
    expect(status).toBe(200)
    expect(body).toEqual({
      connected: true,
      checkedAt: expect.any(String),
      steps: [
        { name: "reach", ok: true },
        { name: "authenticate", ok: true, latencyMs: expect.any(Number) },
      ],
      latencyMs: expect.any(Number),
      warnings: [],
    })
    expect((await ada.get("")).body.data).toEqual([])
  })

  test("that fails is an answer, not an error", async () => {
    const { ada } = newPlatform()
    const config = { ...api.vault.config, secretId: "wrong-one" }
    const { status, body, text } = await ada.post("/test", { providerId: "hashicorp", config })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      connected: false,
      steps: [{ ok: true }, { ok: false, error: { reason: "BAD_CREDENTIALS", upstream: { status: 400 } } }],
    })
    expect(text).not.toContain("wrong-one")
  })

  test("of a saved connection is live every time", async () => {
    const { ada } = newPlatform()
    const id = await connect(ada, api.vault)
    const before = api.vault.requests.count("login")
    await ada.post(`/${id}/test`)
    await ada.post(`/${id}/test`, {})
    expect(api.vault.requests.count("login")).toBe(before + 2)
  })

  test("is granted thirty times a minute, of all that contact the secret manager", async () => {
    const { ada } = newPlatform()
    const unreachable = {
      providerId: "hashicorp",
      config: { ...api.vault.config, url: "http://127.0.0.1:9" },
    }
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      const granted = await Promise.all(Array.from({ length: 30 }, () => ada.post("/test", unreachable)))
      expect(granted.map(({ status }) => status)).toEqual(Array(30).fill(200))
      const over = await ada.post("", vaultConnection(api.vault))
      expect(over).toMatchObject({ status: 429, body: { code: "THROTTLED" } })
      expect(Number(over.headers.get("retry-after"))).toBeGreaterThanOrEqual(1)
      expect((await ada.get("")).status).toBe(200)
      vi.setSystemTime(Date.now() + 60_000)
      expect((await ada.post("", vaultConnection(api.vault))).status).toBe(201)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("a list", () => {
  test("comes whole without `limit`, or page by page, forwards and back", async () => {
    const { ada } = newPlatform()
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push(await connect(ada, api.vault, { name: `Vault ${i}` }))
    const whole = await ada.get("")
    expect(whole.body).toMatchObject({ next: null, previous: null })
    expect(idsOf(whole.body).toSorted()).toEqual(ids.toSorted())
    const pages: Body[] = []
    for (let cursor = ""; pages.length < 4; ) {
      const { body } = await ada.get(`/?limit=2${cursor && `&cursor=${cursor}`}`)
      pages.push(body)
      if (body.next === null) break
      cursor = String(body.next)
    }
    expect(pages.map((page) => idsOf(page).length)).toEqual([2, 2, 1])
    expect(pages.flatMap(idsOf)).toEqual(idsOf(whole.body))
    expect(pages[0]?.previous).toBeNull()
    const back = await ada.get(`/?limit=2&cursor=${pages[2]?.previous}`)
    expect(idsOf(back.body)).toEqual(pages[1] && idsOf(pages[1]))
  })

  test("shows a service what its projects may use, and a member what one of theirs may", async () => {
    const { platform, ada, member } = newPlatform()
    const shared = await connect(ada, api.vault)
    const p1 = await connect(ada, api.vault, { scope: "PROJECT", projectIds: ["p1", "p9"] })
    const p2 = await connect(ada, api.vault, { scope: "PROJECT", projectIds: ["p2"] })
    const listed = async (caller: Caller, query = "") => idsOf((await caller.get(query)).body).toSorted()
    expect(await listed(api.as(service(platform, ["p1", "p2"])))).toEqual([shared, p1, p2].toSorted())
    expect(await listed(api.as(service(platform, ["p1"])))).toEqual([shared, p1].toSorted())
    expect(await listed(api.as(service(platform)), "/?projectId=p2")).toEqual([shared, p2].toSorted())
    expect(await listed(member("p1", "p2"), "/?projectId=p1")).toEqual([shared, p1].toSorted())
  })

  test("shows members names, never configurations, other projects or why something fails", async () => {
    const { ada, member } = newPlatform()
    const id = await connect(ada, api.vault, { scope: "PROJECT", projectIds: ["p1", "p9"] })
    const { body } = await member("p1").get("/?projectId=p1")
    expect(body.data).toEqual([
      {
        id,
        providerId: "hashicorp",
        name: "Vault",
        scope: "PROJECT",
        projectIds: ["p1"],
        connection: { connected: true },
      },
    ])
    expect((await member("p1").get(`/${id}?projectId=p1`)).body).toEqual((body.data as unknown as Body[])[0])
  })

  test("shows services no configuration", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    const { body, headers } = await flows.get(`/${id}`)
    expect(body).toMatchObject({ id, version: 1, connection: { connected: true } })
    expect(body).not.toHaveProperty("config")
    expect(headers.get("etag")).toBe('"1"')
  })

  test("tells an admin how a connection fails now", async () => {
    const { ada, flows } = newPlatform()
    const id = await connect(ada, api.vault)
    await ada.delete("/cache")
    api.vault.faults.set({ operation: "lookup-self", status: 500 })
    try {
      const { body } = await ada.get("")
      expect(body.data).toMatchObject([
        { id, connection: { configured: true, connected: false, error: { reason: "PROVIDER_ERROR" } } },
      ])
    } finally {
      api.vault.faults.clear()
    }
    expect((await flows.get(`/${id}`)).body.connection).toMatchObject({ connected: false })
  })
})

describe("creation", () => {
  test("refuses a project scope without projects, and drops projects from a platform's", async () => {
    const { ada } = newPlatform()
    for (const projectIds of [undefined, []])
      expect(await ada.post("", vaultConnection(api.vault, { scope: "PROJECT", projectIds }))).toMatchObject({
        status: 400,
        body: { issues: [{ pointer: "/projectIds" }] },
      })
    const { body } = await ada.post("", vaultConnection(api.vault, { projectIds: ["p1"] }))
    expect(body).toMatchObject({ scope: "PLATFORM" })
    expect(body).not.toHaveProperty("projectIds")
  })
})
