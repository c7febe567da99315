import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { signRotation } from "../../core/client/sign-rotation.ts"
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
})
beforeAll(async () => {
  id = await connect(ada, api.vault)
})
afterAll(() => api.close())

const path = "secret/data/app/rotating"

async function webhook(of = id): Promise<{ secret: string; url: string }> {
  const { status, text } = await ada.post(`/${of}/webhook-secret`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

async function signed(secret: string, body: string, { of = id, at = Date.now() } = {}) {
  const signature = await signRotation({ secret, platformId: "acme", id: of, body }, at)
  return { "latchkey-signature": signature, "content-type": "application/json" }
}

test("a signed call, without a token, is answered once nothing old is resolved any more", async () => {
  const { secret, url } = await webhook()
  expect(url).toBe(`${api.sandbox.api}/rotated/acme/${id}`)
  const value = `{{secret://${id}/${path}/key}}`
  const flows = api.as(service("acme"))
  await api.vault.admin.put(path, { key: "old" })
  await flows.post("/resolve", { value })
  await api.vault.admin.put(path, { key: "new" })
  expect((await flows.post("/resolve", { value })).body.value).toBe("old")

  const body = JSON.stringify({ paths: [path] })
  const headers = await signed(secret, body)
  const send = (headers: Record<string, string>) => fetch(url, { method: "POST", headers, body })
  expect((await send(headers)).status).toBe(202)
  expect((await flows.post("/resolve", { value })).body.value).toBe("new")

  expect((await send(headers)).status).toBe(202)
  const soon = await send(await signed(secret, body, { at: Date.now() + 5_000 }))
  expect([soon.status, Number(soon.headers.get("retry-after"))]).toEqual([429, expect.closeTo(9, -1)])
  expect((await send({ ...headers, "latchkey-signature": `t=1,v1=${"0".repeat(64)}` })).status).toBe(401)
})

test("a body that is not signed as it is sent, too large or unknown is refused", async () => {
  const { secret } = await webhook()
  const send = async (body: string, signedBody = body) =>
    (await api.as().call("POST", `/rotated/acme/${id}`, body, await signed(secret, signedBody))).status
  expect(await send('{"paths": []}', '{"paths":[]}')).toBe(401)
  expect(await send(JSON.stringify({ paths: Array(20).fill("x".repeat(1_000)) }))).toBe(413)
  expect(await send('{"path":"a"}')).toBe(400)
})

test("a secret is for admins", async () => {
  const statusOf = async (as: Caller, of = id) => (await as.post(`/${of}/webhook-secret`)).status
  expect(await statusOf(api.as(member("acme", "p1")))).toBe(403)
  expect(await statusOf(api.as(service("acme")))).toBe(403)
  expect(await statusOf(api.as(admin("umbrella")))).toBe(404)
  expect(await statusOf(api.as())).toBe(401)
})

const guide = readFileSync(new URL("../../docs/rotation.md", import.meta.url), "utf8")

test.each([
  ["bash", "bash", ["-c"]],
  ["js", process.execPath, ["--input-type=module", "-e"]],
])("the guide's example in %s works as it stands", async (language, command, options) => {
  const own = await connect(ada, api.vault)
  const { secret, url } = await webhook(own)
  const script = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(guide)?.[1] ?? ""

  const env = { PATH: process.env.PATH, LATCHKEY_WEBHOOK_URL: url, LATCHKEY_WEBHOOK_SECRET: secret }
  const { stdout } = await promisify(execFile)(command, [...options, script], { env })
  expect(stdout.trim()).toBe("202")
})
