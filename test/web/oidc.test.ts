import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { createOidc } from "../../web/src/session/oidc.ts"

const issuer = "https://id.example.com"
const config = { issuer, clientId: "console", redirectUri: "https://console.example.com/" }

/** An issuer that answers what it is told to, and remembers what it was asked. */
function setUp(overrides: { discovery?: object; idToken?: object } = {}) {
  const stored = new Map<string, string>()
  const asked: { url: string; body: URLSearchParams }[] = []
  let nonce = ""
  const idToken = () => {
    const claims = { iss: issuer, aud: "console", exp: 1000, nonce, ...overrides.idToken }
    return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`
  }
  const send = async (input: string | URL | Request, init?: RequestInit) => {
    const url = String(input)
    asked.push({ url, body: new URLSearchParams(String(init?.body ?? "")) })
    return url.endsWith("/.well-known/openid-configuration")
      ? Response.json({
          issuer,
          authorization_endpoint: `${issuer}/authorize?tenant=1`,
          token_endpoint: `${issuer}/token`,
          ...overrides.discovery,
        })
      : Response.json({ access_token: "access", id_token: idToken() })
  }
  const oidc = createOidc(config, {
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    send,
    now: () => 0,
  })
  return {
    ...oidc,
    asked,
    stored,
    async begun() {
      const query = new URL(await oidc.begin()).searchParams
      nonce = query.get("nonce") ?? ""
      return query
    },
  }
}

describe("sign-in by OpenID Connect", () => {
  test("asks with a state, a nonce and a challenge of their own, for the exact address to come back to", async () => {
    const { begun } = setUp()
    const [first, second] = [await begun(), await begun()]
    expect(Object.fromEntries(first)).toMatchObject({
      tenant: "1",
      response_type: "code",
      client_id: "console",
      redirect_uri: config.redirectUri,
      scope: "openid",
      code_challenge_method: "S256",
    })
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(first.get(name)).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(first.get(name)).not.toBe(second.get(name))
    }
  })

  test("gives the access token for the code, with the verifier of the challenge, and keeps no token", async () => {
    const { begun, complete, asked, stored } = setUp()
    const query = await begun()
    const state = query.get("state") ?? ""
    expect(await complete(new URLSearchParams({ code: "c", state, iss: issuer }))).toBe("access")
    const { body } = asked.at(-1) ?? { body: new URLSearchParams() }
    const verifier = body.get("code_verifier") ?? ""
    expect(createHash("sha256").update(verifier).digest("base64url")).toBe(query.get("code_challenge"))
    expect(body.get("redirect_uri")).toBe(config.redirectUri)
    expect(stored.size).toBe(0)
  })

  test("takes an answer once, and none of another tab or another issuer", async () => {
    const { begun, complete } = setUp()
    const state = (await begun()).get("state") ?? ""
    await expect(complete(new URLSearchParams({ code: "c", state: "other" }))).rejects.toThrow("state")
    await expect(complete(new URLSearchParams({ code: "c", state }))).rejects.toThrow("state")
    const again = (await begun()).get("state") ?? ""
    const mixedUp = new URLSearchParams({ code: "c", state: again, iss: "https://evil" })
    await expect(complete(mixedUp)).rejects.toThrow("state")
  })

  test("says that the issuer refused, and is no concern of an address without an answer", async () => {
    const { begun, complete } = setUp()
    const state = (await begun()).get("state") ?? ""
    await expect(complete(new URLSearchParams({ error: "access_denied", state }))).rejects.toThrow("refused")
    expect(await complete(new URLSearchParams("utm=1"))).toBeUndefined()
  })

  test.each([
    ["another nonce", { nonce: "other" }],
    ["another audience", { aud: "other" }],
    ["several audiences and another party", { aud: ["console", "x"], azp: "x" }],
    ["another issuer", { iss: "https://evil" }],
    ["the past", { exp: -1 }],
  ])("refuses an identity with %s", async (_name, idToken) => {
    const { begun, complete } = setUp({ idToken })
    const state = (await begun()).get("state") ?? ""
    await expect(complete(new URLSearchParams({ code: "c", state }))).rejects.toThrow("identity")
  })

  test("goes nowhere by a discovery document of another issuer, or one that leads into the clear", async () => {
    await expect(setUp({ discovery: { issuer: "https://evil" } }).begin()).rejects.toThrow("discovery")
    await expect(setUp({ discovery: { token_endpoint: "http://id/token" } }).begin()).rejects.toThrow(
      "discovery",
    )
  })
})
