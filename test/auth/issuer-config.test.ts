import { expect, test } from "vitest"
import { assertIssuerConfig } from "../../core/auth/issuer-config.ts"

const good = {
  issuer: "https://id.example",
  audience: "latchkey",
  jwksUrl: "https://id.example/keys",
  platforms: ["acme"],
}

test("an issuer as the guide has it is accepted", () => {
  expect(() => assertIssuerConfig(good)).not.toThrow()
  expect(() => assertIssuerConfig({ ...good, claims: { role: "https://id.example/role" } })).not.toThrow()
})

test.each([
  ["a text in the place of the platforms, of which every part would match", { platforms: "acme-production" }],
  ["no platforms at all", { platforms: undefined }],
  ["a platform that no token can name", { platforms: ["acme/../other"] }],
  ["a text that only looks like no", { untyped: "false" }],
  ["a misspelt field", { platfroms: ["*"] }],
  ["an empty audience", { audience: [""] }],
  ["a symmetric algorithm", { algorithms: ["HS256"] }],
  ["a claim of ours that there is not", { claims: { roles: "roles" } }],
  ["no key in a list of keys", { jwksUrl: undefined, publicKeys: [1] }],
])("%s is refused by name", (_, change) => {
  const [field = ""] = Object.keys(change).slice(-1)
  expect(() => assertIssuerConfig({ ...good, ...change })).toThrow(`\`${field}\``)
})
