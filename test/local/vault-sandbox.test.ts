import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { request as requestTls } from "node:https"
import { connect } from "node:net"
import { setTimeout } from "node:timers/promises"
import { SignJWT } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { startVault, type VaultOptions, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { caller } from "./vault-documentation.ts"

let vault: VaultServer
let call: ReturnType<typeof caller>
const time = { ms: Date.parse("2026-01-01T00:00:00Z"), slept: [] as number[] }
const clock: Clock = {
  ...systemClock,
  now: () => time.ms,
  sleep: async (ms) => {
    time.slept.push(ms)
  },
}

const start = async (options: VaultOptions = {}) => {
  vault = await startVault({ demo: true, clock, ...options })
  call = caller(vault.url, vault.admin.rootToken)
}
const login = async () => {
  const { roleId, secretId } = vault.config
  const body = { role_id: roleId, secret_id: secretId }
  return call("POST", "auth/approle/login", { token: "", body })
}
const control = (method: string, path: string, body?: unknown) =>
  fetch(`${vault.url}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

beforeEach(() => start())
afterEach(() => vault.stop())

describe("the sandbox's own connection", () => {
  test("logs in, reads and browses the demo secrets, and is refused what its policy denies", async () => {
    const token = (await login()).body.auth.client_token

    const database = (await call("GET", "secret/data/app/database", { token })).body.data.data
    expect(JSON.parse(database.connection).password).toBe(database.password)
    expect(database.password).toMatch(/fake/)
    expect((await call("GET", "secret/data/app/tls", { token })).body.data.data.private_key).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/,
    )
    expect((await call("GET", "kv/app/webhook", { token })).status).toBe(200)
    expect((await call("LIST", "secret/metadata/app", { token })).body.data.keys).toEqual([
      "api_key",
      "database",
      "tls",
    ])
    expect((await call("GET", "secret/data/restricted/root-ca", { token })).status).toBe(403)
    expect((await call("GET", "sys/mounts", { token })).status).toBe(403)
  })

  test("meets an engine that makes new credentials with every read, under a lease", async () => {
    const token = (await login()).body.auth.client_token
    const [one, two] = [
      await call("GET", "database/creds/ro", { token }),
      await call("GET", "database/creds/ro", { token }),
    ]
    expect(one.body).toMatchObject({ renewable: true, lease_duration: 3600 })
    expect(one.body.lease_id).toMatch(/^database\/creds\/ro\/[A-Za-z0-9]{24}$/)
    expect(one.body.data).not.toEqual(two.body.data)
    expect((await call("GET", "database/creds/none")).body.errors).toEqual(["unknown role: none"])
  })

  test("lives on after a restart, with its tokens and everything that was written", async () => {
    const token = (await login()).body.auth.client_token
    await call("POST", "secret/data/mine", { body: { data: { $map: [["a", 1]] } } })
    const { config } = vault
    const state = vault.state()
    await vault.stop()
    await start({ state })

    expect(vault.config).toEqual({ ...config, url: vault.url })
    expect((await call("GET", "secret/data/app/api_key", { token })).status).toBe(200)
    expect((await call("GET", "secret/data/mine")).body.data.data).toEqual({ $map: [["a", 1]] })
    expect((await login()).status).toBe(200)
  })
})

describe("time", () => {
  test("what is over is not kept for the next start", async () => {
    const token = (await login()).body.auth.client_token
    expect(vault.state()).toContain(token)
    time.ms += 1_200_000
    expect(vault.state()).not.toContain(token)
  })

  test("ends a token after its role's ttl", async () => {
    const { auth } = (await login()).body
    const status = async () =>
      (await call("GET", "auth/token/lookup-self", { token: auth.client_token })).status
    time.ms += auth.lease_duration * 1000 - 1
    expect(await status()).toBe(200)
    time.ms += 1
    expect(await status()).toBe(403)
  })

  test("renewal adds a ttl, up to the longest that the role allows", async () => {
    const token = (await login()).body.auth.client_token
    const renewed = async () =>
      (await call("POST", "auth/token/renew-self", { token })).body.auth.lease_duration
    time.ms += 15 * 60_000
    expect(await renewed()).toBe(1200)
    time.ms += 15 * 60_000
    await renewed()
    time.ms += 15 * 60_000
    expect(await renewed()).toBe(900)
  })

  test("ends a secret id", async () => {
    const role = await vault.admin.createRole("brief", { secret_id_ttl: "1m" })
    const body = { role_id: role.roleId, secret_id: role.secretId }
    time.ms += 60_000
    expect((await call("POST", "auth/approle/login", { token: "", body })).body.errors).toEqual([
      "invalid role or secret ID",
    ])
  })

  test("deletes versions that were written to last only so long", async () => {
    await call("POST", "secret/metadata/brief", { body: { delete_version_after: "1h30m" } })
    await call("POST", "secret/data/brief", { body: { data: { k: "v" } } })
    expect((await call("GET", "secret/data/brief")).status).toBe(200)
    time.ms += 5_400_001
    expect((await call("GET", "secret/data/brief")).status).toBe(404)
  })

  test("can be made short for all tokens by a switch", async () => {
    vault.faults.set({ tokenTtl: 2 })
    expect((await login()).body.auth.lease_duration).toBe(2)
  })
})

test("a JWT is taken when a configured key signed it for the role's audience, and refused else", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const pem = publicKey.export({ type: "spki", format: "pem" })
  await vault.admin.call("POST", "sys/auth/jwt", { body: { type: "jwt" } })
  await vault.admin.call("POST", "auth/jwt/config", { body: { jwt_validation_pubkeys: [String(pem)] } })
  const role = {
    role_type: "jwt",
    user_claim: "sub",
    bound_audiences: ["vault"],
    token_policies: ["latchkey"],
  }
  await vault.admin.call("POST", "auth/jwt/role/app", { body: role })
  const signed = (audience: string, expires: number) =>
    new SignJWT({ sub: "me", aud: audience, exp: expires })
      .setProtectedHeader({ alg: "ES256" })
      .sign(privateKey)
  const attempt = async (jwt: string) =>
    (await call("POST", "auth/jwt/login", { token: "", body: { role: "app", jwt } })).body
  const soon = time.ms / 1000 + 60

  expect((await attempt(await signed("vault", soon))).auth).toMatchObject({ metadata: { role: "app" } })
  expect((await attempt(await signed("other", soon))).errors[0]).toMatch(/audience|aud/)
  expect((await attempt(await signed("vault", soon - 120))).errors[0]).toMatch(/expired/)
  expect((await attempt(`${await signed("vault", soon)}x`)).errors[0]).toMatch(/^error validating token/)
  expect((await attempt("a.b.c")).errors[0]).toMatch(/^error validating token/)
})

describe("faults", () => {
  test("give any status, with Retry-After, for as many requests as asked", async () => {
    await control("POST", "faults", { status: 429, retryAfter: 7, times: 2 })
    for (let i = 0; i < 2; i++) {
      const answer = await call("GET", "secret/data/app/api_key")
      expect(answer.status).toBe(429)
      expect(answer.headers.get("retry-after")).toBe("7")
      expect(answer.body.errors).toHaveLength(1)
    }
    expect((await call("GET", "secret/data/app/api_key")).status).toBe(200)
  })

  test("can be for one kind of request", async () => {
    vault.faults.set({ status: 500, operation: "read" })
    expect((await login()).status).toBe(200)
    expect((await call("GET", "secret/data/app/api_key")).status).toBe(500)
    await control("DELETE", "faults")
    expect((await call("GET", "secret/data/app/api_key")).status).toBe(200)
  })

  test("slow answers come after their time", async () => {
    vault.faults.set({ slowMs: 1234 })
    expect((await call("GET", "sys/health")).status).toBe(200)
    expect(time.slept).toContain(1234)
  })

  test("a feigned seal is one for everything but what a sealed server answers", async () => {
    vault.faults.set({ sealed: true })
    expect((await login()).body.errors).toEqual(["Vault is sealed"])
    expect((await call("GET", "sys/health")).status).toBe(503)
    vault.faults.clear()
    expect((await login()).status).toBe(200)
  })

  test("a standby points elsewhere with the path kept", async () => {
    vault.faults.set({ redirect: "http://127.0.0.1:1" })
    const answer = await fetch(`${vault.url}/v1/secret/data/x?version=1`, { redirect: "manual" })
    expect(answer.status).toBe(307)
    expect(answer.headers.get("location")).toBe("http://127.0.0.1:1/v1/secret/data/x?version=1")
  })

  test("a body can be anything", async () => {
    vault.faults.set({ body: "<html>" })
    const answer = await fetch(`${vault.url}/v1/secret/data/x`)
    expect([answer.status, await answer.text()]).toEqual([200, "<html>"])
  })

  test("a connection can be reset, or left hanging until the server stops", async () => {
    vault.faults.set({ reset: true, times: 1 })
    await expect(call("GET", "sys/health")).rejects.toMatchObject({ cause: { code: "ECONNRESET" } })
    vault.faults.set({ hang: true })
    const hanging = expect(call("GET", "sys/health")).rejects.toThrow("fetch failed")
    while (vault.requests.count("health") < 2) await new Promise(setImmediate)
    await vault.stop()
    await hanging
    await start()
  })

  test("unknown switches are refused by name", async () => {
    const answer = await control("POST", "faults", { sealedd: true })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain("sealedd")
    expect((await control("POST", "faults", { times: 0 })).status).toBe(400)
    expect((await control("POST", "faults", [])).status).toBe(400)
    expect((await control("GET", "elsewhere")).status).toBe(404)
  })
})

describe("rotation", () => {
  const value = async (path: string) => (await call("GET", path)).body.data.data ?? null

  test("gives the demo secrets new values under new versions, or one of them", async () => {
    const [key, database] = [await value("secret/data/app/api_key"), await value("secret/data/app/database")]
    await control("POST", "rotate", { path: "secret/data/app/api_key" })
    expect(await value("secret/data/app/api_key")).not.toEqual(key)
    expect(await value("secret/data/app/database")).toEqual(database)

    const { rotated } = (await (await control("POST", "rotate")).json()) as { rotated: string[] }
    expect(rotated).toContain("kv/app/webhook")
    expect(await value("secret/data/app/database")).not.toEqual(database)
    expect(await value("secret/data/app/api_key?version=1")).toEqual(key)
  })

  test("takes a value for any path", async () => {
    await control("POST", "rotate", { path: "secret/data/mine", data: { k: "new" } })
    expect(await value("secret/data/mine")).toEqual({ k: "new" })
    expect((await control("POST", "rotate", { path: "secret/data/none" })).status).toBe(404)
  })
})

test("switches seal, unseal and revoke", async () => {
  const token = (await login()).body.auth.client_token
  await control("POST", "revoke-tokens")
  expect((await call("GET", "auth/token/lookup-self", { token })).status).toBe(403)
  expect((await call("GET", "auth/token/lookup-self")).status).toBe(200)
  await control("POST", "seal")
  expect((await login()).status).toBe(503)
  await control("POST", "unseal")
  expect((await login()).status).toBe(200)
})

describe("what is recorded", () => {
  test("counts requests by kind", async () => {
    const token = (await login()).body.auth.client_token
    await call("GET", "auth/token/lookup-self", { token })
    await call("GET", "sys/internal/ui/mounts/secret", { token })
    await call("GET", "secret/data/app/api_key", { token })
    await call("GET", "kv/app/webhook", { token })
    await call("GET", "secret/metadata/app?list=true", { token })
    await call("GET", "secret/subkeys/app/api_key", { token })
    await call("GET", "nowhere", { token })

    expect(vault.requests.counts).toMatchObject({
      login: 1,
      "lookup-self": 1,
      mount: 1,
      read: 2,
      list: 1,
      subkeys: 1,
      other: 1,
      write: 0,
    })
    expect(vault.requests.count()).toBe(8)
    vault.requests.reset()
    expect(vault.requests.count()).toBe(0)
  })

  test("keeps headers, but of tokens only what tells equal from different", async () => {
    const token = "hvs.canary-of-a-token"
    await call("GET", "secret/data/x", { token, namespace: "team", headers: { "X-Vault-Request": "true" } })
    await call("GET", "secret/data/x", { token })
    const [first, second] = vault.requests.list

    expect(first).toMatchObject({ vaultRequest: true, status: 404, headers: { "x-vault-namespace": "team" } })
    expect(second).toMatchObject({ vaultRequest: false, status: 403 })
    expect(first?.headers["x-vault-token"]).toBe(second?.headers["x-vault-token"])
    const shown = await (await control("GET", "requests")).text()
    expect(shown).not.toContain("canary-of-a-token")
    expect(vault.requests.contain("canary-of-a-token")).toBe(true)
    expect(vault.requests.contain("another canary")).toBe(false)
  })
})

describe("the edge", () => {
  /** Sends bytes as they are, in pieces, and gives the answer's first line. */
  const raw = async (...pieces: string[]) => {
    const socket = connect(Number(new URL(vault.url).port), "127.0.0.1")
    const closed = once(socket, "close")
    let received = ""
    socket.setNoDelay(true)
    socket.on("data", (chunk) => {
      received += chunk
    })
    for (const piece of pieces) {
      await new Promise((resolve) => socket.write(piece, resolve))
      // Long enough for the pieces to arrive apart.
      await setTimeout(5)
    }
    await closed
    return received
  }
  const head = () =>
    `Host: ${new URL(vault.url).host}\r\nX-Vault-Token: ${vault.admin.rootToken}\r\nConnection: close\r\n`

  test("LIST is understood wherever a packet ends, and a body may begin with it", async () => {
    const listed = await raw("LI", "ST /v1/secret/metadata/app HTTP/1.1\r\n", `${head()}\r\n`)
    expect(listed).toContain('"keys":["api_key","database","tls"]')

    const body = "LIST of things"
    await raw(`POST /v1/secret/data/x HTTP/1.1\r\n${head()}Content-Length: ${body.length}\r\n\r\n`, body)
    expect(vault.requests.contain(body)).toBe(true)
  })

  test("paths are cleaned by a redirect, and relative or unprintable ones refused", async () => {
    const get = (path: string) => raw(`GET ${path} HTTP/1.1\r\n${head()}\r\n`)
    expect(await get("/v1/secret//data/app/api_key")).toMatch(
      /^HTTP\/1.1 307 [\s\S]*location: \/v1\/secret\/data\/app\/api_key\r/i,
    )
    expect(await get("/v1/secret/data/%2e%2e/x")).toContain("relative paths not supported")
    for (const path of ["/v1/secret/data/a%00", "/v1/secret/data/%zz"])
      expect(await get(path)).toMatch(/^HTTP\/1.1 400 /)
    expect(await get("/v2/x")).toMatch(/^HTTP\/1.1 404 /)
  })

  test("a body beyond the limit is a 413", async () => {
    await vault.stop()
    await start({ maxRequestSize: 1000 })
    const answer = await call("POST", "secret/data/x", { body: { data: { k: "x".repeat(1000) } } })
    expect(answer).toMatchObject({ status: 413, body: { errors: ["http: request body too large"] } })
    expect((await call("POST", "secret/data/x", { body: { data: { k: "x" } } })).status).toBe(200)
  })

  test("another host and a foreign origin get no further than the door, on any path", async () => {
    const status = async (path: string, headers: Record<string, string>) => {
      const sent = request(vault.url + path, { headers }).end()
      const [answer] = await once(sent, "response")
      answer.resume()
      return answer.statusCode
    }
    const port = new URL(vault.url).port
    for (const path of ["/v1/sys/health", "/sandbox/requests"]) {
      expect(await status(path, { host: `localhost:${port}` })).toBe(200)
      expect(await status(path, { host: `evil.test:${port}` })).toBe(403)
      expect(await status(path, { origin: "http://evil.test" })).toBe(403)
      expect(await status(path, { origin: vault.url })).toBe(200)
    }
  })

  test("with a certificate it speaks TLS, LIST and faults included", async () => {
    const fixture = (name: string) => readFileSync(`test/fixtures/tls/${name}`, "utf8")
    await vault.stop()
    await start({ tls: { cert: fixture("localhost.pem"), key: fixture("leaf.key") } })
    const status = async (method: string, path: string) => {
      const headers = { "x-vault-token": vault.admin.rootToken }
      const url = vault.url.replace("127.0.0.1", "localhost")
      const sent = requestTls(`${url}/v1/${path}`, {
        method,
        headers,
        ca: fixture("ca.pem"),
        family: 4,
      }).end()
      const [answer] = await once(sent, "response")
      answer.resume()
      return answer.statusCode
    }
    expect(vault.config.url).toMatch(/^https:/)
    expect(await status("LIST", "secret/metadata/app")).toBe(200)
    vault.faults.set({ reset: true })
    await expect(status("GET", "sys/health")).rejects.toMatchObject({ code: "ECONNRESET" })
  })
})
