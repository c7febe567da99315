import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { request as requestTls } from "node:https"
import { SignJWT } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import {
  type ConjurOptions,
  type ConjurServer,
  startConjur,
} from "../../local/secret-managers/conjur/server.ts"
import { violations } from "./conjur-api.ts"

let conjur: ConjurServer
let fitting: boolean
const time = { ms: Date.parse("2026-01-01T00:00:00Z"), slept: [] as number[] }
const clock: Clock = {
  ...systemClock,
  now: () => time.ms,
  sleep: async (ms) => {
    time.slept.push(ms)
  },
}

const start = async (options: ConjurOptions = {}) => {
  conjur = await startConjur({ demo: true, account: "acct", clock, ...options })
}

interface Call {
  token?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

/** Sends a request as it is written, and holds it and its answer against CyberArk's description of the API. */
async function call(method: string, path: string, { token, headers = {}, body }: Call = {}) {
  const given = { ...(token ? { authorization: `Token token="${token}"` } : {}), ...headers }
  const base = new URL(conjur.url)
  const sent = request(base, { method, path: base.pathname.replace(/\/$/, "") + path, headers: given })
  sent.end(body)
  const [answer] = await once(sent, "response")
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (fitting) {
    const exchange = {
      method,
      path,
      requestHeaders: given,
      requestBody: String(body ?? ""),
      status: answer.statusCode,
      responseHeaders: answer.headers,
      responseBody: bytes,
    }
    expect(violations(exchange)).toEqual([])
  }
  const text = bytes.toString()
  return {
    status: answer.statusCode as number,
    headers: answer.headers as Record<string, string>,
    bytes,
    text,
    json: () => JSON.parse(text),
  }
}

async function login(login = conjur.config.loginId, apiKey = conjur.config.apiKey): Promise<string> {
  const path = `/authn/acct/${encodeURIComponent(login)}/authenticate`
  const { text } = await call("POST", path, {
    headers: { "content-type": "text/plain", "accept-encoding": "base64" },
    body: apiKey,
  })
  return text
}
const adminLogin = () => login("admin", conjur.admin.apiKey)
const get = async (path: string, token?: string, headers: Record<string, string> = {}) =>
  call("GET", path, { token: token ?? (await login()), headers })
const variable = (id: string) => `/secrets/acct/variable/${encodeURIComponent(id)}`
const batch = (...ids: string[]) =>
  `/secrets?variable_ids=${ids.map((id) => `acct:variable:${encodeURIComponent(id)}`)}`
const control = (method: string, path: string, body?: unknown) =>
  fetch(`${new URL(conjur.url).origin}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

beforeEach(async () => {
  fitting = true
  await start()
})
afterEach(() => conjur.stop())

describe("authentication", () => {
  const path = "/authn/acct/host%2Fdata%2Flatchkey/authenticate"
  const attempt = (body: string, headers: Record<string, string> = {}) =>
    call("POST", path, { headers: { "content-type": "text/plain", ...headers }, body })

  test("gives a token as JSON, or as base64 of it where that is among the encodings accepted", async () => {
    const { apiKey } = conjur.config
    const asJson = await attempt(apiKey)
    expect(asJson.headers["content-type"]).toContain("application/json")
    fitting = false
    for (const encoding of ["base64", "gzip , bASe64,br"]) {
      const encoded = await attempt(apiKey, { "accept-encoding": encoding })
      expect(encoded.headers).toMatchObject({ "content-encoding": "base64" })
      expect(JSON.parse(Buffer.from(encoded.text, "base64").toString())).toEqual(asJson.json())
    }
    expect((await attempt(apiKey, { "accept-encoding": "gzip,br" })).json()).toEqual(asJson.json())
  })

  test("is refused without words for a wrong key, login or account", async () => {
    expect(await attempt("wrong")).toMatchObject({ status: 401, text: "" })
    expect(await attempt("")).toMatchObject({ status: 401 })
    const elsewhere = (path: string) =>
      call("POST", path, { headers: { "content-type": "text/plain" }, body: conjur.config.apiKey })
    expect((await elsewhere("/authn/acct/host%2Fnone/authenticate")).status).toBe(401)
    expect((await elsewhere("/authn/other/host%2Fdata%2Flatchkey/authenticate")).status).toBe(401)
    fitting = false
    expect((await elsewhere("/authn/acct/host/data/latchkey/authenticate")).status).toBe(404)
  })

  test("gives tokens that say when they end, and end then", async () => {
    const token = await login()
    const { payload } = JSON.parse(Buffer.from(token, "base64").toString())
    const claims = JSON.parse(Buffer.from(payload, "base64").toString())
    expect(claims).toEqual({ sub: "host/data/latchkey", iat: time.ms / 1000, exp: time.ms / 1000 + 480 })
    time.ms += 479_999
    expect((await get("/whoami", token)).json()).toMatchObject({
      account: "acct",
      username: "host/data/latchkey",
    })
    time.ms += 1
    expect((await get("/whoami", token)).status).toBe(401)
    conjur.faults.set({ tokenTtl: 2 })
    const brief = await login()
    time.ms += 2_000
    expect((await get("/whoami", brief)).status).toBe(401)
  })

  test("is asked for on every path, in the words of Conjur", async () => {
    fitting = false
    const text = async (headers: Record<string, string>) => (await call("GET", "/nowhere", { headers })).text
    expect(await text({})).toBe("Authorization missing")
    expect(await text({ authorization: "Token token=unquoted" })).toBe("Authorization missing")
    expect(await text({ authorization: 'Token token="%%%"' })).toBe("Malformed authorization token")
    expect(await text({ authorization: 'Token token="e30="' })).toBe("Unauthorized: Invalid token")
    const token = JSON.parse(Buffer.from(await login(), "base64").toString())
    const forged = {
      ...token,
      payload: Buffer.from('{"sub":"admin","iat":1,"exp":9e9}').toString("base64url"),
    }
    const header = (value: object) => `Token token="${Buffer.from(JSON.stringify(value)).toString("base64")}"`
    expect(await text({ authorization: header(forged) })).toBe("Unauthorized: Invalid token")
    expect((await call("GET", "/nowhere", { headers: { authorization: header(token) } })).status).toBe(404)
  })

  test("by password gives a user's API key, which can be rotated", async () => {
    const { apiKey } = conjur.admin.createLogin("alice", { password: "a:b" })
    const basic = (credentials: string) => ({
      authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
    })
    const path = "/authn/acct/login"
    expect((await call("GET", path, { headers: basic("alice:a:b") })).text).toBe(apiKey)
    expect((await call("GET", path, { headers: basic("alice:wrong") })).status).toBe(401)
    expect((await call("GET", path)).status).toBe(401)
    const rotated = await call("PUT", "/authn/acct/api_key", { headers: basic(`alice:${apiKey}`) })
    expect(rotated.text).toMatch(/^[0-9a-z]{55}$/)
    expect(rotated.text).not.toBe(apiKey)
    const byOther = "/authn/acct/api_key?role=host:data/latchkey"
    expect((await call("PUT", byOther, { headers: basic(`alice:${rotated.text}`) })).status).toBe(403)
  })

  test("by JWT takes what a configured key signed for the audience, from hosts that are permitted", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const publicKeys = [String(publicKey.export({ type: "spki", format: "pem" }))]
    conjur.admin.createLogin("host/data/stranger")
    conjur.admin.enableJwt("ci", { publicKeys, audience: "conjur", issuer: "me", tokenAppProperty: "app" }, [
      "host/data/latchkey",
    ])
    const attempt = async (claims: Record<string, unknown>, expires = 60) => {
      const jwt = await new SignJWT({ aud: "conjur", iss: "me", app: "data/latchkey", ...claims })
        .setProtectedHeader({ alg: "ES256" })
        .setExpirationTime(time.ms / 1000 + expires)
        .sign(privateKey)
      const headers = { "content-type": "application/x-www-form-urlencoded" }
      return call("POST", "/authn-jwt/ci/acct/authenticate", { headers, body: `jwt=${jwt}` })
    }
    expect((await attempt({})).status).toBe(200)
    expect((await attempt({ aud: "other" })).status).toBe(401)
    expect((await attempt({ iss: "other" })).status).toBe(401)
    expect((await attempt({ app: "data/none" })).status).toBe(401)
    expect((await attempt({ app: "data/stranger" })).status).toBe(403)
    expect((await attempt({}, -60)).json().error.code).toBe("unauthorized")
  })
})

describe("secrets", () => {
  test("come as bytes, by version too, and twenty versions are kept", async () => {
    const bytes = Buffer.from([0, 255, 10])
    for (let n = 1; n <= 21; n++) conjur.admin.put("v", `value ${n}`)
    conjur.admin.put("v", bytes)
    conjur.admin.put("v", bytes)
    conjur.admin.permit("host/data/latchkey", ["execute"], "v")
    const latest = await get(variable("v"))
    expect(latest.bytes).toEqual(bytes)
    expect(latest.headers["content-type"]).toBe("application/octet-stream")
    expect((await get(`${variable("v")}?version=22`)).bytes).toEqual(bytes)
    expect((await get(`${variable("v")}?version=3`)).text).toBe("value 3")
    expect((await get(`${variable("v")}?version=2`)).status).toBe(404)
    expect((await get(`${variable("v")}?version=23`)).status).toBe(404)
    conjur.admin.annotate("v", "conjur/mime_type", "application/json")
    expect((await get(variable("v"))).headers["content-type"]).toBe("application/json")
    fitting = false
    expect((await get(`${variable("v")}?version=x`)).status).toBe(422)
    expect((await get("/secrets/acct/variable/v")).bytes).toEqual(bytes)
    expect((await get("/secrets/acct/host/data%2Flatchkey")).status).toBe(404)
  })

  test("are missing where they do not exist, have no value or may not be seen, and forbidden where they may", async () => {
    conjur.admin.put("empty")
    conjur.admin.permit("host/data/latchkey", ["execute"], "empty")
    for (const id of ["none", "empty", "data/hidden/other_team"]) {
      const answer = await get(variable(id))
      expect(answer.status).toBe(404)
      expect(answer.json().error).toEqual({
        code: "not_found",
        message: `CONJ00076E Variable acct:variable:${id} is empty or not found.`,
      })
    }
    expect(await get(variable("data/restricted/root_ca"))).toMatchObject({ status: 403, text: "" })
    expect((await get(variable("data/hidden/other_team"), await adminLogin())).status).toBe(200)
  })

  test("are written by who may update them, but for nothing and for what is there", async () => {
    const [admin, host] = [await adminLogin(), await login()]
    const post = (id: string, token: string, body: string) => call("POST", variable(id), { token, body })
    expect((await post("data/app/api_key", admin, "new")).status).toBe(201)
    expect((await get(variable("data/app/api_key"))).text).toBe("new")
    expect((await post("data/app/api_key", admin, " ")).status).toBe(422)
    expect((await post("data/app/api_key", host, "mine")).status).toBe(403)
    expect((await post("data/hidden/other_team", host, "mine")).status).toBe(404)
    expect((await post("none", admin, "new")).status).toBe(404)
  })

  test("come in batches, as text or as base64 in lines of sixty", async () => {
    conjur.admin.put("data/app/long", "x".repeat(100))
    conjur.admin.permit("host/data/latchkey", ["execute"], "data/app/long")
    const ids = ["data/app/long", "data/app/database/username"]
    const values = {
      "acct:variable:data/app/long": "x".repeat(100),
      "acct:variable:data/app/database/username": "app_fake",
    }
    expect((await get(batch(...ids))).json()).toEqual(values)

    const encoded = await get(batch(...ids), undefined, { "accept-encoding": "base64" })
    expect(encoded.headers).toMatchObject({ "content-encoding": "base64" })
    const lines = encoded.json()["acct:variable:data/app/long"].split("\n")
    expect(lines.map((line: string) => line.length)).toEqual([60, 60, 16, 0])
    expect(Buffer.from(lines.join(""), "base64").toString()).toBe("x".repeat(100))
  })

  test("come all or not at all", async () => {
    const status = async (...ids: string[]) => (await get(batch("data/app/api_key", ...ids))).status
    expect(await status("none")).toBe(404)
    expect(await status("data/app/api_key")).toBe(404)
    expect(await status("data/restricted/root_ca")).toBe(403)
    expect(await status("data/hidden/other_team", "none")).toBe(403)
    expect(await status("data/app/keystore")).toBe(406)
    expect((await get(batch("data/app/keystore"), undefined, { "accept-encoding": "base64" })).status).toBe(
      200,
    )
    expect((await get("/secrets?variable_ids=a,,b")).json().error).toEqual({
      code: "argument_error",
      message: "variable_ids",
    })
    fitting = false
    for (const query of ["", "?variable_ids=", "?variable_ids=,,"])
      expect((await get(`/secrets${query}`)).status).toBe(422)
  })
})

describe("resources", () => {
  const ids = async (query: string, token?: string) =>
    (await get(`/resources/acct/variable${query}`, token))
      .json()
      .map(({ id }: { id: string }) => id.slice("acct:variable:".length))

  test("are listed where they can be seen, by id, in pages", async () => {
    const all = await ids("")
    expect(all).toContain("data/restricted/root_ca")
    expect(all).not.toContain("data/hidden/other_team")
    expect(all).toEqual([...all].sort())
    expect(await ids("?limit=2&offset=1")).toEqual(all.slice(1, 3))
    expect((await get("/resources/acct/variable?count=true")).json()).toEqual({ count: all.length })
    expect(await ids("", await adminLogin())).toContain("data/hidden/other_team")
    for (let n = 0; n < 12; n++) conjur.admin.put(`n/${n}`)
    expect(await ids("?offset=0", await adminLogin())).toHaveLength(10)
  })

  test("are searched by words, but for those that mean nothing", async () => {
    expect(await ids("?search=safe+smtp")).toEqual(["data/vault/Team Safe/SMTP ünïcode/password"])
    expect(await ids("?search=data%2Fapp%2Fdatabase%2F")).toHaveLength(3)
    expect(await ids("?search=api")).toEqual(["data/app/api_key"])
    expect(await ids("?search=ap")).toEqual([])
    expect(await ids("?search=the")).toEqual([])
  })

  test("are refused for limits and offsets that are none", async () => {
    expect((await get("/resources/acct/variable?limit=1001")).status).toBe(422)
    expect((await get("/resources/acct/variable?limit=0")).status).toBe(422)
    fitting = false
    for (const query of ["limit=x", "limit=-1", "offset=x"])
      expect((await get(`/resources/acct/variable?${query}`)).status).toBe(422)
  })

  test("tell who may do what with them", async () => {
    const path = "/resources/acct/variable/data%2Frestricted%2Froot_ca"
    expect((await get(path)).json()).toMatchObject({
      id: "acct:variable:data/restricted/root_ca",
      secrets: [{ version: 1 }],
    })
    expect((await get(`${path}?check=true&privilege=read`)).status).toBe(204)
    expect((await get(`${path}?check=true&privilege=execute`)).status).toBe(404)
    expect((await get(`${path}?permitted_roles=true&privilege=read`)).json()).toContain(
      "acct:host:data/latchkey",
    )
    expect((await get(`${path}?check=true&privilege=read&role=acct:user:admin`)).status).toBe(403)
    expect((await get("/resources/acct/variable/data%2Fhidden%2Fother_team")).status).toBe(404)
  })

  test("belong to roles, whose grants are told", async () => {
    const role = "/roles/acct/host/data%2Flatchkey"
    expect((await get(`${role}?all`)).json()).toEqual([
      "acct:host:data/latchkey",
      "acct:group:data/app/consumers",
    ])
    expect((await get(`${role}?memberships`)).json()[0]).toMatchObject({
      role: "acct:group:data/app/consumers",
    })
    expect((await get("/roles/acct/user/admin")).status).toBe(404)
  })
})

describe("the sandbox's own", () => {
  test("connection lives on after a restart, with its tokens and everything that was written", async () => {
    const token = await login()
    conjur.admin.put("data/app/api_key", Buffer.from([255]))
    const { config } = conjur
    const state = conjur.state()
    await conjur.stop()
    await start({ state, basePath: "/api" })
    expect(conjur.config).toEqual({ ...config, url: conjur.url })
    expect((await get(variable("data/app/api_key"), token)).bytes).toEqual(Buffer.from([255]))
    expect(conjur.admin.apiKey).not.toBe("")
  })

  test("API is below its base path alone", async () => {
    await conjur.stop()
    await start({ basePath: "/api" })
    expect(conjur.config.url).toMatch(/\/api$/)
    expect((await get("/whoami")).status).toBe(200)
    const root = await fetch(`${new URL(conjur.url).origin}/whoami`)
    expect([root.status, root.headers.get("content-type")]).toEqual([404, "text/html"])
  })

  test("first line of a request is bounded, as by the nginx before every Conjur", async () => {
    fitting = false
    expect((await get(`/secrets/acct/variable/${"x".repeat(8_000)}`)).status).toBe(404)
    expect((await get(`/secrets/acct/variable/${"x".repeat(8_200)}`)).status).toBe(414)
  })

  test("faults give any status for as many requests of a kind as asked", async () => {
    fitting = false
    await control("POST", "faults", { status: 429, retryAfter: 7, operation: "read", times: 1 })
    const answer = await get(variable("data/app/api_key"))
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "7"])
    expect((await get(variable("data/app/api_key"))).status).toBe(200)
    conjur.faults.set({ body: "<html>" })
    expect((await call("GET", "/whoami")).text).toBe("<html>")
    conjur.faults.set({ redirect: "http://127.0.0.1:1", slowMs: 1234 })
    expect(await call("GET", "/whoami")).toMatchObject({
      status: 307,
      headers: { location: "http://127.0.0.1:1/whoami" },
    })
    expect(time.slept).toContain(1234)
    conjur.faults.set({ reset: true, times: 1 })
    await expect(call("GET", "/whoami")).rejects.toMatchObject({ code: "ECONNRESET" })
    conjur.faults.set({ hang: true })
    const hanging = expect(call("GET", "/whoami")).rejects.toThrow()
    while (conjur.requests.count("whoami") < 4) await new Promise(setImmediate)
    await conjur.stop()
    await hanging
    await start()
  })

  test("switches are refused by name where they are unknown", async () => {
    const answer = await control("POST", "faults", { sealed: true })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("sealed")])
    expect((await control("POST", "rotate", { id: 7 })).status).toBe(400)
    expect((await control("POST", "rotate", { id: "none" })).status).toBe(404)
    expect((await control("GET", "elsewhere")).status).toBe(404)
  })

  test("rotation gives the demo secrets new values, or one of them, or any a given one", async () => {
    const values = async () => (await get(batch("data/app/api_key", "data/app/database/password"))).json()
    const before = await values()
    await control("POST", "rotate", { id: "data/app/api_key", value: "given" })
    expect(await values()).toEqual({ ...before, "acct:variable:data/app/api_key": "given" })
    const { rotated } = (await (await control("POST", "rotate")).json()) as { rotated: string[] }
    expect(rotated).toContain("data/hidden/other_team")
    expect(Object.values(await values())).not.toContain(before["acct:variable:data/app/database/password"])
  })

  test("tokens can be ended all at once", async () => {
    const token = await login()
    await control("POST", "expire-tokens")
    expect((await get("/whoami", token)).status).toBe(401)
    expect((await get("/whoami")).status).toBe(200)
  })

  test("record counts requests by kind, and shows of tokens and keys only what tells equal from different", async () => {
    const token = await login()
    await get("/whoami", token)
    await get(variable("data/app/api_key"), token)
    await get(batch("data/app/api_key"), token)
    await get("/resources/acct/variable", token)
    expect(conjur.requests.counts).toMatchObject({
      authenticate: 1,
      whoami: 1,
      read: 1,
      batch: 1,
      list: 1,
      write: 0,
      other: 0,
    })
    const shown = await (await control("GET", "requests")).text()
    expect(shown).not.toContain(token)
    expect(shown).not.toContain(conjur.config.apiKey)
    expect(conjur.requests.contain(conjur.config.apiKey)).toBe(true)
    const [, one, two] = conjur.requests.list
    expect(one?.headers.authorization).toMatch(/^sha256:/)
    expect(one?.headers.authorization).toBe(two?.headers.authorization)
    conjur.requests.reset()
    expect(conjur.requests.count()).toBe(0)
  })

  test("door is shut to other hosts and foreign origins", async () => {
    fitting = false
    const port = new URL(conjur.url).port
    expect((await call("GET", "/whoami", { headers: { host: `evil.test:${port}` } })).status).toBe(403)
    expect((await call("GET", "/whoami", { headers: { origin: "http://evil.test" } })).status).toBe(403)
    expect((await call("GET", "/whoami", { headers: { host: `localhost:${port}` } })).status).toBe(401)
  })

  test("body beyond the limit is refused, and TLS is spoken where there is a certificate", async () => {
    const fixture = (name: string) => readFileSync(`test/fixtures/tls/${name}`, "utf8")
    await conjur.stop()
    await start({ maxRequestSize: 10, tls: { cert: fixture("localhost.pem"), key: fixture("leaf.key") } })
    const url = conjur.url.replace("127.0.0.1", "localhost")
    const options = { method: "POST", ca: fixture("ca.pem"), family: 4 }
    const sent = requestTls(`${url}/authn/acct/admin/authenticate`, options).end("x".repeat(11))
    const [answer] = await once(sent, "response")
    answer.resume()
    expect(answer.statusCode).toBe(413)
  })
})
