import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Browsed, BrowsedName } from "../../core/contract/operations/browse.ts"
import type { UsageReport } from "../../core/contract/operations/usage.ts"
import {
  admin,
  type Caller,
  connect,
  member,
  type SandboxApi,
  service,
  startSandboxApi,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let ada: Caller
let id: string

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
  id = await connect(ada, api.vault)
  await api.vault.admin.put("secret/data/team a/what?/{odd}", { "the key ": "odd value" })
})
afterAll(() => api.close())

async function browse(prefix?: string, as = ada): Promise<BrowsedName[]> {
  const { status, text } = await as.post(`/${id}/browse`, prefix === undefined ? {} : { prefix })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return (JSON.parse(text) as Browsed).data
}

async function secretsBelow(prefix?: string): Promise<string[]> {
  const found = await Promise.all(
    (await browse(prefix)).map(({ kind, path }) => (kind === "secret" ? [path] : secretsBelow(path))),
  )
  return found.flat()
}

describe("browsing", () => {
  test("leads to paths that go into a reference as they are, whatever characters they have", async () => {
    const paths = await secretsBelow("secret/data/team a/")
    const value = paths.map((path) => `{{secret://${id}/${path}}}`)

    const { status, body } = await api.as(service("acme")).post("/resolve", { value })

    expect(status).toBe(200)
    expect(paths).toContain("secret/data/team a/what\\?/\\{odd\\}/the key\\ ")
    expect(body.value).toContain("odd value")
  })

  test("begins at the mounts that the policy reaches, without what is no KV", async () => {
    expect((await browse()).map(({ path, name }) => [path, name])).toEqual([
      ["kv/", "kv"],
      ["secret/data/", "secret"],
    ])
  })

  test("is for admins, and for members in a project of theirs", async () => {
    const mia = api.as(member("acme", "p1"))
    const statusOf = async (as: Caller, body: object = {}) => (await as.post(`/${id}/browse`, body)).status

    expect(await statusOf(mia, { projectId: "p1" })).toBe(200)
    expect(await statusOf(mia)).toBe(403)
    expect(await statusOf(mia, { projectId: "p2" })).toBe(403)
    expect(await statusOf(api.as(service("acme")))).toBe(403)
    expect(await statusOf(api.as())).toBe(401)
    expect(await statusOf(api.as(admin("umbrella")))).toBe(404)
  })

  test("fails as a resolve would, and refuses what it does not know", async () => {
    const denied = await ada.post(`/${id}/browse`, { prefix: "nowhere/" })
    const malformed = await ada.post(`/${id}/browse`, { prefix: "secret/data/../x/" })
    const unknown = await ada.post(`/${id}/browse`, { prefix: "kv/", recursive: true })

    expect(denied).toMatchObject({ status: 424, body: { reason: "PERMISSION_DENIED", connectionId: id } })
    expect(malformed).toMatchObject({ status: 424, body: { reason: "INVALID_PATH" } })
    expect(unknown).toMatchObject({ status: 400, body: { code: "VALIDATION" } })
  })
})

test("usage tells admins what has been resolved for whom", async () => {
  const other = await connect(ada, api.vault)
  const path = "kv/app/webhook/url"
  const value = `{{secret://${other}/${path}}}`
  await api.as(service("acme")).post("/resolve", { value, projectId: "p1" })

  const { status, text } = await ada.get(`/${other}/usage`)

  expect(status).toBe(200)
  const recent = { projectId: "p1", path, lastResolvedAt: expect.stringMatching(/Z$/) }
  expect(JSON.parse(text) as UsageReport).toEqual({ data: [recent], next: null })
  expect((await api.as(member("acme", "p1")).get(`/${other}/usage`)).status).toBe(403)
  expect((await api.as(admin("umbrella")).get(`/${other}/usage`)).status).toBe(404)
})
