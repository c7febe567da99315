import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let ada: Caller

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
})

afterAll(() => api.close())

const id = "V1StGXR8Z5jdHi6BmyTab"

describe("a client of Activepieces' secret managers", () => {
  test("moves a connection here with its id, so that stored references go on working", async () => {
    const { status, body } = await ada.post("/", vaultConnection(api.vault, { id }))
    expect([status, body.id]).toEqual([201, id])
    const value = `{{${id}|ap_sep_v1|secret/data/app/api_key/value}}`
    const resolved = await api.as(service("acme")).post("/resolve", { value })
    expect(resolved.body.value).toMatch(/^sk-demo-fake-/)
    const spaced = await api.as(service("acme")).post("/resolve", { value: ` ${value}\n` })
    expect(spaced.body.value).toMatch(/^sk-demo-fake-/)
  })

  test("is told that an id is taken, on its own platform alone", async () => {
    expect(await ada.post("/", vaultConnection(api.vault, { id }))).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", params: { message: expect.stringContaining("exists already") } },
    })
    expect((await api.as(admin("other")).post("/", vaultConnection(api.vault, { id }))).status).toBe(201)
  })

  test("cannot choose an id of another form", async () => {
    for (const bad of ["short", `smc_${"a".repeat(21)}`, "a".repeat(22), "../../../../../../../x", ""])
      expect(await ada.post("/", vaultConnection(api.vault, { id: bad }))).toMatchObject({
        status: 400,
        body: { issues: [{ pointer: "/id" }] },
      })
  })

  test("lists all connections without a limit", async () => {
    for (let i = 0; i < 3; i++) await connect(ada, api.vault)
    for (const path of ["", "/"]) {
      const { status, body } = await ada.get(path)
      expect(status).toBe(200)
      expect(body).toMatchObject({ data: { length: 4 }, next: null, previous: null })
    }
  })

  test("updates by POST, with the provider and the empty list of projects that its form sends", async () => {
    const update = { providerId: "hashicorp", name: "Renamed", scope: "PLATFORM", projectIds: [] }
    const { status, headers, body } = await ada.post(`/${id}`, update)
    expect([status, headers.get("etag")]).toEqual([200, '"2"'])
    expect(body).toMatchObject({ id, name: "Renamed", scope: "PLATFORM" })
    expect(body).not.toHaveProperty("projectIds")
  })

  test("finds a problem's message in `params`", async () => {
    const { status, body } = await ada.post("/", { ...vaultConnection(api.vault), name: "" })
    expect(status).toBe(400)
    expect(body.params).toEqual({ message: body.detail })
  })

  test("clears one connection, or all; an empty id clears nothing", async () => {
    expect((await ada.delete(`/cache?connectionId=${id}`)).status).toBe(204)
    expect((await ada.delete("/cache")).status).toBe(204)
    const value = `{{${id}|ap_sep_v1|secret/data/app/api_key/value}}`
    await api.as(service("acme")).post("/resolve", { value })
    expect(await ada.delete("/cache?connectionId=")).toMatchObject({
      status: 400,
      body: { code: "VALIDATION", issues: [{ pointer: "/connectionId" }] },
    })
    const { body } = await api.as(service("acme")).post("/resolve", { value })
    expect(body).toMatchObject({ references: [{ source: "memory" }] })
  })

  test("deletes with 204", async () => {
    const { status, text } = await ada.delete(`/${id}`)
    expect([status, text]).toEqual([204, ""])
  })
})
