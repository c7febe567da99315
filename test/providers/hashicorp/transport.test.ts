import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterEach, expect, test, vi } from "vitest"
import { vaultOver } from "../../../core/providers/hashicorp/transport.ts"
import { Secret } from "../../../core/secret.ts"
import { scriptedHttp } from "../deps.ts"

const signal = new AbortController().signal
const ask = { operation: "read secret", signal }

function over(url: string, namespace?: string) {
  const http = scriptedHttp(() => ({ status: 200, body: { data: {} } }))
  return { ...http, vault: vaultOver({ http: http.factory(), url, namespace }) }
}

const environment = {
  VAULT_ADDR: "https://environment.example",
  VAULT_TOKEN: "environment-token",
  VAULT_NAMESPACE: "environment-namespace",
  VAULT_PREFIX: "/environment-prefix",
  VAULT_SKIP_VERIFY: "1",
}

afterEach(() => vi.unstubAllEnvs())

test("what is missing is not taken from the environment", async () => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const { vault, requests } = over("https://vault.example/base")
  await vault.read("secret/data/a%20b?version=1", ask)
  await vault.write("auth/approle/login", { role_id: "r" }, ask)
  expect(requests).toEqual([
    expect.objectContaining({
      method: "GET",
      url: "https://vault.example/base/v1/secret/data/a%20b?version=1",
      headers: { "X-Vault-Request": "true" },
    }),
    expect.objectContaining({
      method: "POST",
      url: "https://vault.example/base/v1/auth/approle/login",
      headers: { "X-Vault-Request": "true", "Content-Type": "application/json" },
      body: '{"role_id":"r"}',
    }),
  ])
  expect(JSON.stringify(requests)).not.toContain("environment")
})

test("token and namespace travel in Vault's headers, of their own request only", async () => {
  const { vault, requests } = over("https://vault.example", "team/a")
  await vault.read("a/b", { ...ask, token: new Secret("s.1") })
  await vault.read("a/b", ask)
  expect(requests.map(({ headers }) => headers)).toEqual([
    { "X-Vault-Request": "true", "X-Vault-Namespace": "team/a", "X-Vault-Token": "s.1" },
    { "X-Vault-Request": "true", "X-Vault-Namespace": "team/a" },
  ])
})

test("node-vault writes nothing, even where DEBUG asks for it", async () => {
  const script = `
    import { vaultOver } from ${JSON.stringify(new URL("../../../core/providers/hashicorp/transport.ts", import.meta.url))}
    const http = { request: async () => ({ status: 200, headers: {}, body: Buffer.from("{}") }) }
    const vault = vaultOver({ http, url: "https://vault.example" })
    const { status } = await vault.write("auth/approle/login", { secret_id: "s" }, {})
    console.log("answered", status)`
  const arguments_ = ["--input-type=module", "--eval", script]
  const env = { DEBUG: "*", NODE_NO_WARNINGS: "1" }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, arguments_, { env })
  expect([stdout, stderr]).toEqual(["answered 200\n", ""])
})

test("two connections do not share a header", async () => {
  const [one, two] = [over("https://one.example", "ns-one"), over("https://two.example")]
  await Promise.all([
    one.vault.read("a/b", { ...ask, token: new Secret("token-one") }),
    two.vault.read("a/b", { ...ask, token: new Secret("token-two") }),
    one.vault.read("a/b", { ...ask, token: new Secret("token-one") }),
  ])
  expect(JSON.stringify(one.requests)).not.toContain("two")
  expect(JSON.stringify(two.requests)).not.toContain("one")
})

test("an HTML-escaped slash in a path stays what it was", async () => {
  const { vault, requests } = over("https://vault.example")
  await vault.read(`secret/data/${encodeURIComponent("a&#x2F;b")}`, ask)
  expect(requests[0]?.url).toBe("https://vault.example/v1/secret/data/a%26%23x2F%3Bb")
})

test("headers that node-vault is given are dropped", async () => {
  const { vault, requests } = over("https://vault.example")
  const smuggled = { ...ask, headers: { "X-Vault-Token": "smuggled" }, strictSSL: false }
  await vault.read("a/b", smuggled)
  expect(requests[0]?.headers).toEqual({ "X-Vault-Request": "true" })
})

test("every status is an answer, with the time it asks to wait", async () => {
  const http = scriptedHttp(() => ({ status: 429, body: { errors: ["text"] }, retryAfterMs: 3000 }))
  const vault = vaultOver({ http: http.factory(), url: "https://vault.example", namespace: undefined })
  expect(await vault.read("a/b", ask)).toEqual({
    status: 429,
    retryAfterMs: 3000,
    body: { errors: ["text"] },
  })
})
