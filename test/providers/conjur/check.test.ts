import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import type { Scripted } from "../deps.ts"
import { apiKey, conjurWith, header, login, token } from "./conjur-script.ts"

const jwtLogin = "POST /authn-jwt/team%2Fs/acct/authenticate"
const jwtConfig = (jwt: string, more: object = {}) => ({
  url: apiKey.url,
  organizationAccountName: "acct",
  authMethod: "jwt",
  serviceId: "team/s",
  jwt,
  ...more,
})
const jwtEnding = (seconds: number) =>
  `e30.${Buffer.from(JSON.stringify({ exp: seconds })).toString("base64url")}.canary`

async function outcome(script: Parameters<typeof conjurWith>[0], config?: object) {
  const conjur = conjurWith(script, config)
  const { steps, warnings } = await conjur.check()
  return {
    conjur,
    steps: steps.map(({ name, ok, error }) => (ok ? name : `${name}: ${error?.reason}`)),
    warnings: warnings.map(({ code }) => code),
    error: steps.at(-1)?.error,
  }
}

describe("a check", () => {
  test("authenticates by the raw API key, and asks whose the token is", async () => {
    const { conjur, steps, warnings } = await outcome({})
    expect(steps).toEqual(["reach", "TLS", "authenticate"])
    expect(warnings).toEqual([])
    expect(conjur.lines()).toEqual([login, "GET /whoami"])
    expect(conjur.requests[0]).toMatchObject({
      body: "api-key-canary",
      acceptEncoding: "base64",
      repeatable: true,
    })
    expect(conjur.requests[0]?.headers).not.toHaveProperty("authorization")
    expect(conjur.requests[1]?.headers).toEqual({ authorization: header() })
  })

  test("authenticates by JWT, as a form, with the login in the URL where there is one", async () => {
    const { conjur, steps } = await outcome({ [jwtLogin]: token() }, jwtConfig("a.b+c.d"))
    expect(steps.at(-1)).toBe("authenticate")
    expect(conjur.requests[0]?.body).toBe("jwt=a.b%2Bc.d")
    const named = await outcome({}, jwtConfig("a.b.c", { loginId: "host/data/app" }))
    expect(named.conjur.lines()[0]).toBe("POST /authn-jwt/team%2Fs/acct/host%2Fdata%2Fapp/authenticate")
  })

  test("takes a token that a proxy had Conjur give as JSON", async () => {
    const body = Buffer.from(String(token().body), "base64").toString()
    const { conjur, steps } = await outcome({ [login]: { status: 200, body } })
    expect(steps.at(-1)).toBe("authenticate")
    expect(conjur.requests[1]?.headers).toEqual({ authorization: header() })
  })

  const refusals: [string, Scripted, string][] = [
    ["wrong credentials", { status: 401 }, "BAD_CREDENTIALS"],
    ["an expired JWT", { status: 401, body: { error: { code: "unauthorized" } } }, "BAD_CREDENTIALS"],
    ["a body without a token", { status: 400 }, "BAD_CREDENTIALS"],
    ["a host without the privilege", { status: 403 }, "BAD_CREDENTIALS"],
    [
      "an authenticator that is not there",
      { status: 404, body: { error: { code: "not_found" } } },
      "BAD_CREDENTIALS",
    ],
    ["a wrong base path", { status: 404, body: "<html>" }, "PROVIDER_ERROR"],
    ["too many requests", { status: 429 }, "THROTTLED"],
    ["a failure", { status: 500 }, "PROVIDER_ERROR"],
    ["a web page", { status: 200, body: "<html>canary</html>" }, "PROVIDER_ERROR"],
    ["another API", { status: 200, body: { token: "canary" } }, "PROVIDER_ERROR"],
    [
      "a part of a token",
      { status: 200, body: { protected: "e30=", signature: "canary" } },
      "PROVIDER_ERROR",
    ],
    [
      "base64 of no token",
      { status: 200, body: Buffer.from('{"ok":true}').toString("base64") },
      "PROVIDER_ERROR",
    ],
    ["base64 of no JSON", { status: 200, body: "Y2FuYXJ5" }, "PROVIDER_ERROR"],
    ["nothing", { status: 200, body: "" }, "PROVIDER_ERROR"],
    ["a redirect that goes nowhere", { status: 302 }, "PROVIDER_ERROR"],
  ]
  test.each(refusals)("tells %s", async (_, answer, reason) => {
    const { steps, error } = await outcome({ [login]: answer })
    expect(steps).toEqual(["reach", "TLS", `authenticate: ${reason}`])
    expect(JSON.stringify([error?.message, error?.upstream])).not.toContain("canary")
  })

  test.each([
    [{ status: 401 }, "PROVIDER_ERROR"],
    [{ status: 200, body: "<html>" }, "PROVIDER_ERROR"],
    [{ status: 503 }, "PROVIDER_ERROR"],
  ])("does not take whoami's %j for an answer", async (answer, reason) => {
    expect((await outcome({ "GET /whoami": answer })).steps.at(-1)).toBe(`authenticate: ${reason}`)
  })

  test("reports how far it came", async () => {
    const error = new ProviderError("TLS", "no")
    const { steps } = await outcome({ [login]: { status: 0, phases: ["reach"], error } })
    expect(steps).toEqual(["reach", "TLS: TLS"])
  })

  test("warns of the account's admin", async () => {
    const whoami = { status: 200, body: { username: "admin" } }
    expect((await outcome({ "GET /whoami": whoami })).warnings).toEqual(["ADMIN_LOGIN"])
  })

  test("warns of a JWT that ends within 14 days, where it says so", async () => {
    const day = 24 * 60 * 60
    const now = Date.UTC(2026, 0, 1) / 1000
    const warnings = async (jwt: string) => (await outcome({ [jwtLogin]: token() }, jwtConfig(jwt))).warnings
    expect(await warnings(jwtEnding(now + 14 * day))).toEqual(["CREDENTIAL_EXPIRES"])
    expect(await warnings(jwtEnding(now + 14 * day + 1))).toEqual([])
    expect(await warnings("not.a-jwt.at-all")).toEqual([])
    expect(await warnings("opaque")).toEqual([])
  })

  test("ends with its caller", async () => {
    const conjur = conjurWith({})
    await expect(conjur.client.check(AbortSignal.abort(new Error("left")))).rejects.toThrow("left")
  })
})
