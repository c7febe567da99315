import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../../core/clock.ts"
import { createNetwork, type Network } from "../../../core/network/client.ts"
import type { HttpClientFactory } from "../../../core/network/http.ts"
import { conjur } from "../../../core/providers/conjur/index.ts"
import { type ConjurServer, startConjur } from "../../../local/secret-managers/conjur/server.ts"
import { operations, violations } from "../../local/conjur-api.ts"
import { testDeps } from "../deps.ts"

const signal = new AbortController().signal
let server: ConjurServer
let network: Network
/** What did not fit CyberArk's API, and which of its operations were used. */
let wrong: string[]
let used: Set<string>

beforeEach(async () => {
  server = await startConjur({ basePath: "/api", demo: true })
  network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: systemClock,
  })
  wrong = []
  used = new Set()
})
afterEach(async () => {
  network.close()
  await server.stop()
})

/** The real network, with every request and answer held against the API's description. */
function watched(): HttpClientFactory {
  const factory = network.client({ platformId: "acme", connectionKey: "watched", attempts: 1 })
  return (options) => ({
    async request(request) {
      const response = await factory(options).request(request)
      const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ])
      const path = request.url.slice(server.url.length)
      wrong.push(
        ...violations({
          method: request.method,
          path,
          requestHeaders: { ...Object.fromEntries(headers), "accept-encoding": request.acceptEncoding },
          requestBody: String(request.body ?? ""),
          status: response.status,
          responseHeaders: response.headers,
          responseBody: response.body,
        }),
      )
      used.add(path.replace(/\?.*/, "").split("/").slice(1, 3).join("/"))
      return response
    },
  })
}

function open(config: Record<string, unknown>) {
  return conjur.open(conjur.config().parse(config), testDeps(watched()))
}

const documents = (...ids: string[]) => ids.map((id) => conjur.parsePath(id, {}).document)

describe("every request of the client, and every answer of the sandbox, is as CyberArk describes it", () => {
  test("reading, checking and browsing by API key", async () => {
    const client = open(server.config)
    expect((await client.check(signal)).steps.at(-1)?.ok).toBe(true)
    await client.fetch(documents("data/app/api_key", "data/vault/Team Safe/SMTP ünïcode/password"), signal)
    await client.fetch(documents("data/app/api_key", "data/restricted/root_ca", "data/none"), signal)
    await client.fetch(documents("data/app/keystore", "a,b", "a:b", "100%", "?x=y#z&w"), signal)
    await client.fetch(["data%2Fapp%2Fapi_key?version=1", "data%2Fapp%2Fapi_key?version=9"], signal)
    server.admin.expireTokens()
    await client.fetch(documents("data/app/api_key"), signal)
    await client.browse?.("", undefined, signal)
    await client.browse?.("data/vault/Team Safe/", undefined, signal)

    expect(wrong).toEqual([])
    expect([...used].sort()).toEqual([
      "authn/conjur",
      "resources/conjur",
      "secrets",
      "secrets/conjur",
      "whoami",
    ])
  })

  test("wrong credentials", async () => {
    const { steps } = await open({ ...server.config, apiKey: "wrong" }).check(signal)
    expect(steps.at(-1)?.error?.reason).toBe("BAD_CREDENTIALS")
    expect(wrong).toEqual([])
  })

  test("logging in by JWT, with the host named in the token or in the URL, or not permitted", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const publicKeys = [String(publicKey.export({ type: "spki", format: "pem" }))]
    server.admin.createLogin("host/data/app")
    server.admin.createLogin("host/data/stranger")
    const byClaim = { publicKeys, tokenAppProperty: "sub", identityPath: "data" }
    server.admin.enableJwt("by/claim", byClaim, ["host/data/app"])
    server.admin.enableJwt("url", { publicKeys }, ["host/data/app"])
    const jwt = await new SignJWT({ sub: "app" })
      .setProtectedHeader({ alg: "ES256" })
      .setExpirationTime("1h")
      .sign(privateKey)
    const reason = async (more: Record<string, unknown>) => {
      const { url, organizationAccountName } = server.config
      const config = { url, organizationAccountName, authMethod: "jwt", jwt, ...more }
      return (await open(config).check(signal)).steps.at(-1)?.error?.reason
    }

    expect(await reason({ serviceId: "by/claim" })).toBeUndefined()
    expect(await reason({ serviceId: "url", loginId: "host/data/app" })).toBeUndefined()
    expect(await reason({ serviceId: "url", loginId: "host/data/stranger" })).toBe("BAD_CREDENTIALS")
    expect(await reason({ serviceId: "url" })).toBe("BAD_CREDENTIALS")
    expect(await reason({ serviceId: "none" })).toBe("BAD_CREDENTIALS")
    expect(wrong).toEqual([])
  })
})

test("the description is not so wide that anything fits", () => {
  const exchange = {
    method: "GET",
    path: "/secrets/conjur/variable/data%2Fapp",
    requestHeaders: { authorization: 'Token token="e30="' },
    requestBody: "",
    status: 200,
    responseHeaders: { "content-type": "application/octet-stream" },
    responseBody: Buffer.from("v"),
  }
  expect(violations(exchange)).toEqual([])
  expect(violations({ ...exchange, path: "/secrets/conjur/variable/data/app" })).toHaveLength(1)
  expect(violations({ ...exchange, path: `${exchange.path}?version=0` })).toHaveLength(1)
  expect(violations({ ...exchange, requestHeaders: {} })).toHaveLength(1)
  expect(violations({ ...exchange, status: 418 })).toHaveLength(1)
  expect(
    violations({ ...exchange, requestHeaders: { ...exchange.requestHeaders, "accept-encoding": "base64" } }),
  ).toHaveLength(1)
  expect(Object.keys(operations).length).toBeGreaterThan(10)
})
