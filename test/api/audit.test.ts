import { afterAll, beforeAll, expect, test } from "vitest"
import type { AuditList } from "../../core/audit/list.ts"
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

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
})
afterAll(() => api.close())

async function trail(query: string): Promise<AuditList> {
  const { status, text } = await ada.get(`/audit${query}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

test("the audit tells admins, page by page, what was done with a connection", async () => {
  const id = await connect(ada, api.vault)
  const value = `{{secret://${id}/kv/app/webhook/url}}`
  await api.as(service("acme")).post("/resolve", { value, projectId: "p1" })
  await ada.delete(`/cache?connectionId=${id}`)

  const found = []
  let page = await trail(`?connectionId=${id}&limit=1`)
  for (; ; page = await trail(`?connectionId=${id}&limit=1&cursor=${page.next}`)) {
    found.push(...page.data)
    if (page.next === null) break
  }

  expect(found.map(({ action }) => action)).toEqual([
    "cache.cleared",
    "secret.resolve",
    "secret.resolve",
    "connection.created",
  ])
  const all = (await trail("")).data
  expect(all.filter(({ connectionId }) => connectionId === id)).toEqual(found)
})

test("a denied attempt is in the audit of its platform", async () => {
  const denied = await api.as(member("acme", "p1")).get("/audit")
  expect(denied.status).toBe(403)
  expect((await trail("?action=denied&limit=1")).data).toMatchObject([
    { action: "denied", operation: "audit", requestId: denied.headers.get("x-request-id") },
  ])
  expect((await api.as().get("/audit")).status).toBe(401)
  expect((await api.as(service("acme")).get("/audit")).status).toBe(403)
})

test.each(["?action=everything", "?from=yesterday", "?limit=0", "?cursor=made-up", "?projectId=p1"])(
  "%s is refused",
  async (query) => {
    expect(await ada.get(`/audit${query}`)).toMatchObject({ status: 400, body: { code: "VALIDATION" } })
  },
)
