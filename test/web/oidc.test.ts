import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { createOidc, isForOtherTab } from "../../web/src/session/oidc.ts"

const issuer = "https://id.example.com"
/** What the issuer answers to a refresh; a number is a status without more. */
type Reply = number | { access_token: string; refresh_token?: string; id_token?: object }

const idTokenOf = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`

const config = { issuer, clientId: "console", redirectUri: "https://console.example.com/" }

/** An issuer that answers what it is told to, and remembers what it was asked. */
function setUp(overrides: { discovery?: object; idToken?: object; refreshed?: Reply } = {}) {
  const stored = new Map<string, string>()
  const asked: { url: string; body: URLSearchParams }[] = []
  let nonce = ""
  const idToken = () => {
    return idTokenOf({ iss: issuer, aud: "console", exp: 1000, nonce, sub: "ada", ...overrides.idToken })
  }
  const send = async (input: string | URL | Request, init?: RequestInit) => {
    const url = String(input)
    asked.push({ url, body: new URLSearchParams(String(init?.body ?? "")) })
    if (asked.at(-1)?.body.get("grant_type") === "refresh_token") {
      const { refreshed = 400 } = overrides
      if (typeof refreshed === "number") return new Response("{}", { status: refreshed })
      const { id_token, ...rest } = refreshed
      return Response.json({ ...rest, ...(id_token && { id_token: idTokenOf(id_token) }) })
    }
    return url.endsWith("/.well-known/openid-configuration")
      ? Response.json({
          issuer,
          authorization_endpoint: `${issuer}/authorize?tenant=1`,
          token_endpoint: `${issuer}/token`,
          revocation_endpoint: `${issuer}/revoke`,
          ...overrides.discovery,
        })
      : Response.json({ access_token: "access", refresh_token: "next", id_token: idToken() })
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
    setNonce(text: string | null) {
      nonce = text ?? ""
    },
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

  test("gives tokens for the code, with the verifier of the challenge, and keeps no token", async () => {
    const { begun, complete, asked, stored } = setUp()
    const query = await begun()
    const state = query.get("state") ?? ""
    expect(await complete(new URLSearchParams({ code: "c", state, iss: issuer }))).toEqual({
      access: "access",
      refresh: "next",
      subject: "ada",
    })
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

describe("a sign-in in another tab", () => {
  test("is completed by the page that began it, with nothing kept, and by no answer to another", async () => {
    const { beginInTab, complete, stored, setNonce } = setUp()
    const begun = await beginInTab()
    expect(stored.size).toBe(0)
    setNonce(new URL(begun.url).searchParams.get("nonce"))
    const answer = new URLSearchParams({ code: "c", state: begun.state })
    expect(isForOtherTab(answer)).toBe(true)
    expect(isForOtherTab(new URLSearchParams({ code: "c", state: "abc" }))).toBe(false)
    await expect(complete(answer)).rejects.toThrow("state")
    await expect(begun.complete(new URLSearchParams({ code: "c", state: "tab.other" }))).rejects.toThrow(
      "state",
    )
    expect(await begun.complete(answer)).toMatchObject({ access: "access" })
  })
})

describe("the next access token", () => {
  const tokens = { access: "old", refresh: "r1", subject: "ada" }
  const ada = { iss: issuer, aud: "console", exp: 1000, sub: "ada" }

  test("comes for a refresh token, with the next one where the issuer rotates them", async () => {
    const rotating = setUp({ refreshed: { access_token: "new", refresh_token: "r2", id_token: ada } })
    expect(await rotating.refresh(tokens)).toEqual({ access: "new", refresh: "r2", subject: "ada" })
    expect(Object.fromEntries(rotating.asked.at(-1)?.body ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "r1",
      client_id: "console",
    })
    const keeping = setUp({ refreshed: { access_token: "new" } })
    expect(await keeping.refresh(tokens)).toEqual({ ...tokens, access: "new" })
  })

  test("does not come for a refresh token that is no longer good, nor for none", async () => {
    for (const refreshed of [400, 401, 403])
      await expect(setUp({ refreshed }).refresh(tokens)).rejects.toThrow("refused")
    await expect(setUp({ refreshed: 503 }).refresh(tokens)).rejects.toThrow("reply")
    await expect(setUp().refresh({ access: "old", subject: "ada" })).rejects.toThrow("refused")
  })

  test.each([
    ["somebody else", { ...ada, sub: "eve" }],
    ["another console", { ...ada, aud: "other" }],
    ["another issuer's", { ...ada, iss: "https://evil" }],
  ])("is refused where it is for %s", async (_name, id_token) => {
    await expect(setUp({ refreshed: { access_token: "new", id_token } }).refresh(tokens)).rejects.toThrow(
      "identity",
    )
  })

  test("is given up at sign-out, where the issuer takes that, and nothing fails where it does not", async () => {
    const { revoke, asked } = setUp()
    await revoke("r1")
    expect(asked.at(-1)?.url).toBe(`${issuer}/revoke`)
    expect(asked.at(-1)?.body.get("token")).toBe("r1")
    const unsafe = setUp({ discovery: { revocation_endpoint: "http://id/revoke" } })
    await unsafe.revoke("r1")
    expect(unsafe.asked.map(({ url }) => url)).toEqual([`${issuer}/.well-known/openid-configuration`])
  })
})
