import { describe, expect, test } from "vitest"
import { data, errors, login, vaultWith } from "./vault-script.ts"

const url = "https://vault.example.com"
const jwtOf = (claims: object) =>
  ["{}", JSON.stringify(claims), "canary"].map((part) => Buffer.from(part).toString("base64url")).join(".")
const byPassword = { url, authMethod: "userpass", username: "lätch key", password: "p ä$$" }
const byJwt = { url, authMethod: "jwt", role: "reader", jwt: jwtOf({ sub: "latchkey" }) }
const byAws = {
  url,
  authMethod: "aws",
  role: "reader",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "secret-key-canary",
}

/** What a connection sends to log in: where, and with what. */
async function loginOf(config: object, path: string) {
  const vault = vaultWith({ [`POST ${path}`]: login("s.1") }, config)
  const { steps } = await vault.check()
  expect(steps.map(({ ok }) => ok)).toEqual([true, true, true])
  const body = String(vault.requests[0]?.body)
  return { body, sent: JSON.parse(body) as Record<string, string>, vault }
}

const decoded = (base64 = "") => Buffer.from(base64, "base64").toString()

describe("a login", () => {
  test("by username has the password alone in its body", async () => {
    const { sent } = await loginOf(byPassword, "auth/userpass/login/l%C3%A4tch%20key")
    expect(sent).toEqual({ password: "p ä$$" })
  })

  test("by JWT has the role and the token", async () => {
    const { sent } = await loginOf(byJwt, "auth/jwt/login")
    expect(sent).toEqual({ role: "reader", jwt: byJwt.jwt })
  })

  test.each([byPassword, byJwt, byAws])("of any method goes to the mount that is named", async (config) => {
    const path = config.authMethod === "userpass" ? "login/l%C3%A4tch%20key" : "login"
    await loginOf({ ...config, authMount: "team/my mount" }, `auth/team/my%20mount/${path}`)
  })

  test.each([byPassword, byJwt, byAws])("of any method may be refused", async (config) => {
    const path = `auth/${config.authMethod}/login${config.authMethod === "userpass" ? "/l%C3%A4tch%20key" : ""}`
    const vault = vaultWith({ [`POST ${path}`]: errors(400, "canary") }, config)
    const { steps } = await vault.check()
    expect(steps.at(-1)?.error).toMatchObject({ reason: "BAD_CREDENTIALS" })
  })
})

describe("a login by AWS", () => {
  test("is a signed question to STS of who signed it, and shows no key", async () => {
    const { body, sent, vault } = await loginOf(byAws, "auth/aws/login")
    const headers = JSON.parse(decoded(sent.iam_request_headers))
    const date = new Date(vault.deps.clock.now()).toISOString().slice(0, 10).replaceAll("-", "")

    expect(sent).toMatchObject({ role: "reader", iam_http_request_method: "POST" })
    expect(decoded(sent.iam_request_url)).toBe("https://sts.amazonaws.com/")
    expect(decoded(sent.iam_request_body)).toBe("Action=GetCallerIdentity&Version=2011-06-15")
    expect(headers.authorization).toMatch(
      new RegExp(`^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${date}/us-east-1/sts/aws4_request, `),
    )
    for (const text of [body, ...Object.values(sent).map(decoded)])
      expect(text).not.toContain("secret-key-canary")
  })

  test("is signed for this platform's connections only", async () => {
    const { sent } = await loginOf(byAws, "auth/aws/login")
    const headers = JSON.parse(decoded(sent.iam_request_headers))
    expect(headers["x-vault-aws-iam-server-id"]).toBe("latchkey/acme")
    expect(headers.authorization).toContain(
      "SignedHeaders=content-type;host;x-amz-date;x-vault-aws-iam-server-id",
    )
  })

  test.each([
    ["eu-central-1", "sts.eu-central-1.amazonaws.com"],
    ["us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "sts.cn-north-1.amazonaws.com.cn"],
  ])("in %s is a question to %s", async (region, host) => {
    const { sent } = await loginOf({ ...byAws, region }, "auth/aws/login")
    const headers = JSON.parse(decoded(sent.iam_request_headers))
    expect(decoded(sent.iam_request_url)).toBe(`https://${host}/`)
    expect(headers.host).toBe(host)
    expect(headers.authorization).toContain(`/${region}/sts/aws4_request`)
  })

  test("has the session token of temporary credentials, signed with the rest", async () => {
    const { sent } = await loginOf({ ...byAws, sessionToken: "session/token" }, "auth/aws/login")
    const headers = JSON.parse(decoded(sent.iam_request_headers))
    expect(headers["x-amz-security-token"]).toBe("session/token")
    expect(headers.authorization).toContain("x-amz-date;x-amz-security-token;x-vault")
  })

  test("is signed anew each time, since AWS takes it for minutes only", async () => {
    const bodies: string[] = []
    const vault = vaultWith({ "POST auth/aws/login": login("s.1", { lease_duration: 60 }) }, byAws)
    for (let i = 0; i < 2; i++) {
      await vault.resolve("secret/data/app/key")
      vault.deps.clock.advance(60_000)
    }
    for (const { line, body } of vault.requests) if (line.endsWith("/login")) bodies.push(String(body))
    expect(new Set(bodies).size).toBe(2)
  })
})

describe("a check warns", () => {
  const now = Date.UTC(2026, 0, 1)
  const day = 24 * 60 * 60

  test.each([
    ["a JWT that ends within two weeks", { exp: now / 1000 + 13 * day }, ["CREDENTIAL_EXPIRES"]],
    ["no JWT that lasts", { exp: now / 1000 + 15 * day }, []],
    ["no JWT without an end", {}, []],
    ["no JWT with an end that is none", { exp: -1e300 }, []],
  ])("of %s", async (_, claims, codes) => {
    const config = { ...byJwt, jwt: jwtOf(claims) }
    const { warnings } = await vaultWith({ "POST auth/jwt/login": login("s.1") }, config).check()
    expect(warnings.map(({ code }) => code)).toEqual(codes)
  })

  test("of a JWT that cannot be read no more than Vault does", async () => {
    const { warnings } = await vaultWith(
      { "POST auth/jwt/login": login("s.1") },
      { ...byJwt, jwt: "a.b.c" },
    ).check()
    expect(warnings).toEqual([])
  })

  test("of AWS credentials that end within hours, and of a token with the root policy", async () => {
    const config = { ...byAws, sessionToken: "temporary" }
    const script = {
      "POST auth/aws/login": login("s.1"),
      "GET auth/token/lookup-self": data({ policies: ["root"] }),
    }
    const { warnings } = await vaultWith(script, config).check()
    expect(warnings.map(({ code }) => code)).toEqual(["ROOT_POLICY", "CREDENTIAL_EXPIRES"])
  })
})
