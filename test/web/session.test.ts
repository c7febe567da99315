import { describe, expect, test } from "vitest"
import { parseConfig } from "../../web/src/session/config.ts"
import { viewerOf } from "../../web/src/session/viewer.ts"

const tokenOf = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`

describe("who is signed in", () => {
  const claims = { platformId: "acme", sub: "jürgen", exp: 2, role: "ADMIN", type: "USER" }

  test("is what the token says", () => {
    expect(viewerOf(tokenOf(claims))).toEqual({
      platformId: "acme",
      subject: "jürgen",
      isAdmin: true,
      isService: false,
      expiresAt: 2000,
    })
    expect(
      viewerOf(tokenOf({ ...claims, type: "SERVICE", role: "MEMBER", projectIds: ["p"] })),
    ).toMatchObject({
      isAdmin: false,
      isService: true,
      projectIds: ["p"],
    })
  })

  test("is read by the names that the deployment's claims have", () => {
    const { platformId, role, ...rest } = claims
    const token = tokenOf({ ...rest, "https://x/tenant": platformId, "https://x/role": role })
    const names = { platformId: "https://x/tenant", role: "https://x/role" }
    expect(viewerOf(token, names)).toMatchObject({ platformId: "acme", isAdmin: true })
    expect(viewerOf(token)).toBeUndefined()
  })

  test("is nobody for a text that is no token", () => {
    for (const text of ["", "a.b", "a.!.c", `a.${btoa("[]")}.c`, `a.${btoa("null")}.c`])
      expect(viewerOf(text)).toBeUndefined()
  })
})

describe("a deployment's config.json", () => {
  const signIn = { issuer: "https://id", clientId: "c", redirectUri: "https://console/" }
  const page = "https://pages/console/?code=1"

  test("may say how people sign in", () => {
    expect(parseConfig({ apiUrl: "https://api", signIn }, page)).toEqual({ apiUrl: "https://api", signIn })
    expect(parseConfig({ apiUrl: "http://127.0.0.1:4000" }, page).signIn).toBeUndefined()
  })

  test("sends people back to the page itself where it names no other address", () => {
    const { redirectUri: _, ...rest } = signIn
    expect(parseConfig({ apiUrl: "https://api", signIn: rest }, page).signIn?.redirectUri).toBe(
      "https://pages/console/",
    )
  })

  test("is refused by the name of the field that is wrong, and where a token would travel in the clear", () => {
    expect(() => parseConfig({}, page)).toThrow("apiUrl must be a text")
    expect(() => parseConfig({ apiUrl: "http://api" }, page)).toThrow("apiUrl must be an https address")
    expect(() => parseConfig({ apiUrl: "https://api", signIn: { ...signIn, clientId: 1 } }, page)).toThrow(
      "signIn.clientId",
    )
    expect(() => parseConfig(null, page)).toThrow("must be an object")
  })
})
