import { once } from "node:events"
import { request } from "node:http"
import { Ajv } from "ajv"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { createNetwork } from "../../core/network/client.ts"
import { onepassword } from "../../core/providers/onepassword/index.ts"
import {
  type OnePasswordOptions,
  type OnePasswordServer,
  startOnePassword,
} from "../../local/secret-managers/onepassword/server.ts"
import { totpCode } from "../../local/secret-managers/onepassword/totp.ts"
import { onepassword as sandboxModule } from "../../local/secret-managers/onepassword.ts"
import { startProxy } from "../conformance/proxy.ts"
import { testDeps } from "../providers/deps.ts"
import { endpointOf, errorResponse } from "./onepassword-schema.ts"

const ajv = new Ajv({ formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ } })
const time = { ms: Date.parse("2026-01-01T00:00:00Z"), slept: [] as number[] }
const clock: Clock = {
  ...systemClock,
  now: () => time.ms,
  sleep: async (ms) => {
    time.slept.push(ms)
  },
}

let server: OnePasswordServer
const start = async (options: OnePasswordOptions = {}) => {
  server = await startOnePassword({ demo: true, clock, ...options })
}
beforeEach(() => start())
afterEach(() => server.stop())

interface Call {
  method?: string
  token?: string
  body?: unknown
}

/** Asks the server; what it answers to reads and errors is held to the specification. */
async function call(path: string, { method = "GET", token = server.config.token, body }: Call = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: token === "" ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = response.headers.get("content-type") === "application/json"
  const json = isJson ? JSON.parse(bytes.toString()) : undefined
  const schema = response.ok ? endpointOf(method, path)?.answer : errorResponse
  if (schema && !ajv.validate(schema, json)) throw new Error(`${path}: ${ajv.errorsText()}`)
  return { status: response.status, json, bytes, headers: response.headers }
}

const filter = (text: string) => `?filter=${encodeURIComponent(text)}`
const production = () => server.admin.idOf("Production")
const database = () => `/v1/vaults/${production()}/items/${server.admin.idOf("Production", "Database")}`
const control = (method: string, path: string, body?: unknown) =>
  fetch(`${server.url}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

describe("the sandbox's Connect server", () => {
  test("lists the vaults in a token's scope, all or by name", async () => {
    const names = async (query = "") =>
      (await call(`/v1/vaults${query}`)).json.map(({ name }: { name: string }) => name)
    expect(await names()).toEqual(["Production"])
    expect(await names("/")).toEqual(["Production"])
    expect(await names(filter('name eq "Production"'))).toEqual(["Production"])
    expect(await names(filter('title eq "Production"'))).toEqual(["Production"])
    expect(await names(filter('name eq "Restricted"'))).toEqual([])
    expect((await call(`/v1/vaults/${production()}`)).json).toMatchObject({ name: "Production", items: 2 })
  })

  test("lists items without what is in them, all or by title or tag", async () => {
    const items = `/v1/vaults/${production()}/items`
    expect((await call(items)).json).toHaveLength(2)
    const [stripe] = (await call(items + filter('title eq "Stripe"'))).json
    expect(stripe).not.toHaveProperty("fields")
    expect((await call(items + filter('tag eq "payments"'))).json).toEqual([stripe])
    expect((await call(items + filter('title co "trip"'))).json).toEqual([stripe])
  })

  test("takes a filter's value as a JSON string, and refuses what is no filter", async () => {
    const title = 'a "quoted" \\ title'
    server.admin.createItem(production(), { title })
    const items = `/v1/vaults/${production()}/items`
    expect((await call(items + filter(`title eq ${JSON.stringify(title)}`))).json).toHaveLength(1)
    for (const text of [
      "",
      "title",
      'title eq "a" or title eq "b"',
      "title eq a",
      'secret eq "a"',
      'title gt "a"',
    ])
      expect((await call(items + filter(text))).status).toBe(400)
  })

  test("gives an item with its sections, fields and files, and the code of this moment", async () => {
    const { json } = await call(database())
    expect(json.sections).toEqual([{ id: "admin", label: "Admin" }, { id: "add more" }])
    const [code] = json.fields.filter(({ type }: { type: string }) => type === "OTP")
    expect(code.totp).toMatch(/^\d{6}$/)
    time.ms += 30_000
    expect((await call(database())).json.fields).not.toContainEqual(code)
    expect(json.files).toMatchObject([{ name: "client.p12", size: 64 }])
  })

  test("computes codes as RFC 6238 has them", () => {
    const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    const url = `otpauth://totp/x?secret=${secret}&digits=8`
    expect([59, 1111111109, 20000000000].map((seconds) => totpCode(url, seconds * 1000))).toEqual([
      "94287082",
      "07081804",
      "65353130",
    ])
    expect(totpCode(secret, 59_000)).toBe("287082")
    expect(totpCode("not base32!", 0)).toBeUndefined()
  })

  test("gives files as a list, in JSON and as they are", async () => {
    const files = (await call(`${database()}/files`)).json
    const [{ id, content_path }] = files
    expect(files[0]).not.toHaveProperty("content")
    const { bytes, headers } = await call(content_path)
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0, 255, 128]))
    expect(headers.get("content-disposition")).toBe('attachment; filename="client.p12"')
    expect((await call(`${database()}/files/${id}?inline_files=true`)).json.content).toBe(
      bytes.toString("base64"),
    )
    expect((await call(`${database()}/files/${"x".repeat(26)}`)).status).toBe(404)

    const large = server.admin.attachFile(server.admin.idOf("Production", "Stripe"), {
      name: "large",
      content: Buffer.alloc(200_000),
    })
    const stripe = `/v1/vaults/${production()}/items/${server.admin.idOf("Production", "Stripe")}`
    expect((await call(`${stripe}/files/${large}?inline_files=true`)).status).toBe(413)
    expect((await call(`${stripe}/files/${large}/content`)).bytes).toHaveLength(200_000)
  })

  test("creates, replaces and deletes items, for a token that may write", async () => {
    const token = server.admin.createToken([production()], { write: true })
    const items = `/v1/vaults/${production()}/items`
    const body = {
      vault: { id: production() },
      category: "LOGIN",
      title: "New",
      fields: [
        {
          label: "made",
          type: "CONCEALED",
          generate: true,
          recipe: { length: 12, characterSets: ["DIGITS"] },
        },
      ],
    }
    const made = (await call(items, { method: "POST", token, body })).json
    expect(made.fields[0].value).toMatch(/^\d{12}$/)
    const put = await call(`${items}/${made.id}`, { method: "PUT", token, body: { ...made, title: "Newer" } })
    expect(put.json).toMatchObject({ id: made.id, title: "Newer", version: 2 })
    expect((await call(`${items}/${made.id}`, { method: "DELETE", token })).status).toBe(204)
    expect((await call(`${items}/${made.id}`, { token })).status).toBe(404)
    expect((await call(items, { method: "POST", body })).status).toBe(403)
    expect((await call(items, { method: "POST", token, body: { ...body, category: "NONE" } })).status).toBe(
      400,
    )
  })

  test("tells token, scope and absence apart, by status and message", async () => {
    const restricted = server.admin.idOf("Restricted")
    const none = "x".repeat(26)
    const expired = server.admin.createToken([production()], { expiresAt: time.ms })
    expect(
      [
        await call("/v1/vaults", { token: "" }),
        await call("/v1/vaults", { token: "wrong" }),
        await call("/v1/vaults", { token: expired }),
        await call(`/v1/vaults/${restricted}`),
        await call(`/v1/vaults/${none}/items`),
        await call(`/v1/vaults/${production()}/items/${none}`),
        await call("/v1/vaults/short"),
        await call("/v1/nothing"),
      ].map(({ status }) => status),
    ).toEqual([401, 401, 401, 403, 403, 404, 400, 404])
    expect((await call(`/v1/vaults/${restricted}`)).json).toEqual({
      status: 403,
      message: `vault ${restricted} is not in scope`,
    })
    server.admin.revokeToken(server.config.token)
    expect((await call("/v1/vaults")).status).toBe(401)
  })

  test("says that it lives to anyone", async () => {
    expect((await call("/health", { token: "" })).json.name).toBe("1Password Connect API")
    expect((await call("/heartbeat", { token: "" })).bytes.toString()).toBe(".")
  })

  test("refuses a foreign host", async () => {
    const asked = request(`${server.url}/heartbeat`, { headers: { host: "evil.example" } }).end()
    const [response] = await once(asked, "response")
    response.resume()
    expect(response.statusCode).toBe(403)
  })

  test("lives on after a restart, with its tokens, items and files", async () => {
    const before = (await call(database())).json
    const { config } = server
    const state = server.state()
    await server.stop()
    await start({ state })
    expect(server.config.token).toBe(config.token)
    expect((await call(database())).json).toEqual(before)
  })
})

describe("its switches", () => {
  test("make it slow, refuse, hang up or answer anything, for some requests and some times", async () => {
    await control("POST", "faults", {
      slowMs: 250,
      status: 429,
      retryAfter: 2,
      operation: "read-item",
      times: 1,
    })
    expect((await call("/v1/vaults")).status).toBe(200)
    const refused = await call(database())
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"])
    expect(time.slept).toContain(250)
    expect((await call(database())).status).toBe(200)

    server.faults.set({ reset: true })
    await expect(call("/v1/vaults")).rejects.toThrow()
    server.faults.set({ redirect: "http://127.0.0.1:9" })
    const redirected = await fetch(`${server.url}/v1/vaults`, { redirect: "manual" })
    expect(redirected.headers.get("location")).toBe("http://127.0.0.1:9/v1/vaults")
    await control("DELETE", "faults")
    expect((await call("/v1/vaults")).status).toBe(200)
    expect((await control("POST", "faults", { sealed: true })).status).toBe(400)
  })

  test("rotate the demo secrets, or one", async () => {
    const path = "op://Production/Stripe/Secret Key"
    const before = server.admin.read(path)
    await control("POST", "rotate")
    expect(server.admin.read(path)).not.toBe(before)
    await control("POST", "rotate", { path, value: "chosen" })
    expect(server.admin.read(path)).toBe("chosen")
    expect((await control("POST", "rotate", { path: "op://Production/None/x", value: "y" })).status).toBe(404)
  })

  test("show requests by kind, tokens as fingerprints", async () => {
    await call("/v1/vaults")
    await call(database())
    const shown = await (await control("GET", "requests")).text()
    expect(JSON.parse(shown).counts).toMatchObject({ "list-vaults": 1, "read-item": 1, "read-file": 0 })
    expect(shown).not.toContain(server.config.token)
    expect(server.requests.contain(server.config.token)).toBe(true)
  })
})

test("Latchkey's client asks nothing that the specification does not have, and is answered as it says", async () => {
  const proxy = await startProxy(server.url)
  const network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: systemClock,
  })
  const deps = testDeps(network.client({ platformId: "acme", connectionKey: "specification" }))
  const client = onepassword.open(onepassword.config().parse({ ...server.config, url: proxy.url }), deps)
  const signal = new AbortController().signal
  const odd = server.admin.createItem(production(), { title: 'a "b" & c?#%' })
  const references = [
    onepassword.parsePath("op://Production/Database/password", {}),
    onepassword.parsePath("op://Production/Database/one-time password", { attribute: "otp" }),
    onepassword.parsePath("op://Production/Database/client.p12", { encoding: "base64" }),
    onepassword.parsePath(`op://${production()}/${odd}/x`, {}),
    onepassword.parsePath('op://Production/a "b" & c?#%/x', {}),
    onepassword.parsePath(`op://${server.admin.idOf("Restricted")}/x/y`, {}),
  ]
  await client.check(signal)
  await client.fetch(
    references.map(({ document }) => document),
    signal,
  )
  for (const prefix of ["", "op://Production/", "op://Production/Database/"])
    await client.browse?.(prefix, undefined, signal)

  expect(proxy.requests.length).toBeGreaterThan(10)
  for (const { method, path, headers } of proxy.requests) {
    expect(endpointOf(method, path), path).toBeDefined()
    expect(headers.authorization).toBe(`Bearer ${server.config.token}`)
    await call(path)
  }
  network.close()
  await proxy.stop()
})

test("as a part of the sandbox it has a secret to try, before and after a restart", async () => {
  const first = await sandboxModule.start({ port: 0, state: undefined })
  const { demo, config } = first
  expect(demo.value).toMatch(/fake/)
  const state = first.state()
  await first.close()
  const second = await sandboxModule.start({ port: 0, state })
  expect(second.demo).toEqual(demo)
  expect(second.config.token).toBe(config.token)
  await second.close()
})
