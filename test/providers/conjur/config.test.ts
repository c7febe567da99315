import { describe, expect, test } from "vitest"
import { destinationFieldNames, secretFieldNames } from "../../../core/providers/config-fields.ts"
import { conjurConfig } from "../../../core/providers/conjur/config.ts"
import { conjur } from "../../../core/providers/conjur/index.ts"
import { Secret } from "../../../core/secret.ts"
import { apiKey } from "./conjur-script.ts"

const schema = conjurConfig()
const jwt = {
  url: apiKey.url,
  organizationAccountName: "acct",
  authMethod: "jwt",
  serviceId: "s/1",
  jwt: "a.b.c",
}

describe("the configuration of Conjur", () => {
  test("keeps secrets apart, and names what decides where they go", () => {
    expect(secretFieldNames(conjur)).toEqual(["apiKey", "jwt"])
    expect(destinationFieldNames(conjur)).toEqual([
      "url",
      "organizationAccountName",
      "authMethod",
      "loginId",
      "serviceId",
      "caCertificate",
    ])
  })

  test("is by API key with what Activepieces stores", () => {
    const config = schema.parse(apiKey)
    expect(config).toMatchObject({ authMethod: "api-key", loginId: "host/app" })
    expect((config as { apiKey: unknown }).apiKey).toBeInstanceOf(Secret)
    expect(JSON.stringify(config)).not.toContain("canary")
  })

  test("takes a JWT with a login or without, and keeps a base path", () => {
    expect(schema.parse(jwt)).toMatchObject({ url: "https://conjur.example.com/api" })
    expect(schema.safeParse({ ...jwt, loginId: "host/app" }).success).toBe(true)
  })

  test.each([
    ["no login", { ...apiKey, loginId: undefined }],
    ["an empty login", { ...apiKey, loginId: "" }],
    ["a login that climbs", { ...apiKey, loginId: "host/../admin" }],
    ["a login of dots", { ...apiKey, loginId: ".." }],
    ["a login with a line break", { ...apiKey, loginId: "host/a\nb" }],
    ["half a character", { ...apiKey, loginId: "\ud800" }],
    ["an account of dots", { ...apiKey, organizationAccountName: ".." }],
    ["an account with a colon", { ...apiKey, organizationAccountName: "a:b" }],
    ["an account with a slash", { ...apiKey, organizationAccountName: "a/b" }],
    ["an account with a comma", { ...apiKey, organizationAccountName: "a,b" }],
    ["an API key with a line break", { ...apiKey, apiKey: "a\n" }],
    ["a key of another method", { ...apiKey, jwt: "a.b.c" }],
    ["an unknown key", { ...apiKey, password: "x" }],
    ["an unknown method", { ...apiKey, authMethod: "ldap" }],
    ["a JWT without a service", { ...jwt, serviceId: undefined }],
    ["a service with a space", { ...jwt, serviceId: "a b" }],
    ["both credentials", { ...jwt, apiKey: "k" }],
  ])("refuses %s", (_, config) => expect(schema.safeParse(config).success).toBe(false))
})
