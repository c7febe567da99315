import { describe, expect, test } from "vitest"
import * as z from "zod"
import { destinationFieldNames, secretFieldNames, urlField } from "../../core/providers/config-fields.ts"
import { providerById, providers } from "../../core/providers/registry.ts"
import { Secret } from "../../core/secret.ts"

/** The keys that a provider's configuration may have, from the schema as the API document shows it. */
function schemaKeys(schema: z.ZodType): Set<string> {
  const json = z.toJSONSchema(schema, { io: "input" })
  const alternatives = (json.oneOf ?? json.anyOf ?? [json]) as {
    properties?: object
    additionalProperties?: unknown
  }[]
  for (const { additionalProperties } of alternatives) expect(additionalProperties).toBe(false)
  return new Set(alternatives.flatMap(({ properties = {} }) => Object.keys(properties)))
}

describe.each(providers)("the configuration of $name", (provider) => {
  test("has a form field for every key of its schema, and no other", () => {
    expect(new Set(provider.fields.map(({ name }) => name))).toEqual(schemaKeys(provider.config()))
  })

  test("is found by its id", () => expect(providerById(provider.id)).toBe(provider))
})

test("an unknown provider is not found", () => expect(providerById("__proto__")).toBeUndefined())

describe("the configuration of Vault", () => {
  const provider = providerById("hashicorp")
  const schema = provider?.config() ?? z.never()
  const appRole = { url: "https://vault.example.com", roleId: "r", secretId: "s" }
  const user = { url: appRole.url, authMethod: "userpass", username: "latchkey", password: "pass wörd" }
  const aws = {
    url: appRole.url,
    authMethod: "aws",
    role: "latchkey",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  }
  const pem = "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n"

  test("keeps secrets apart, and names what decides where they go", () => {
    if (!provider) throw new Error("no provider")
    expect(secretFieldNames(provider)).toEqual([
      "secretId",
      "token",
      "password",
      "jwt",
      "secretAccessKey",
      "sessionToken",
    ])
    expect(destinationFieldNames(provider)).toEqual([
      "url",
      "namespace",
      "authMethod",
      "authMount",
      "roleId",
      "username",
      "role",
      "region",
      "accessKeyId",
      "caCertificate",
    ])
  })

  test("is AppRole with what Activepieces stores", () => {
    const config = schema.parse(appRole)
    expect(config).toMatchObject({ authMethod: "approle", roleId: "r" })
    expect((config as { secretId: unknown }).secretId).toBeInstanceOf(Secret)
    expect(schema.safeParse({ ...appRole, namespace: "" }).success).toBe(true)
    expect(JSON.stringify(config)).not.toContain('"s"')
  })

  test("takes a token, and everything that is optional", () => {
    const more = { namespace: "a/b", probePath: "secret/data/p", caCertificate: pem + pem }
    expect(schema.safeParse({ url: "https://v", authMethod: "token", token: "hvs.x", ...more }).success).toBe(
      true,
    )
    expect(schema.safeParse({ ...appRole, authMount: "team/approle", ...more }).success).toBe(true)
  })

  test("takes each auth method with what belongs to it, mounted anywhere", () => {
    const jwt = { url: appRole.url, authMethod: "jwt", role: "latchkey", jwt: "a.b-c.d_e" }
    const temporary = { ...aws, region: "eu-central-1", sessionToken: "token/=" }
    for (const config of [user, aws, temporary, jwt, appRole])
      expect(schema.safeParse({ ...config, authMount: "team/mount" }).success).toBe(true)
  })

  test("offers in its form the methods that it takes", () => {
    const offered = provider?.fields.find(({ name }) => name === "authMethod")?.options ?? []
    const branches = z.toJSONSchema(schema, { io: "input" }).oneOf ?? []
    const taken = branches.map(
      ({ properties }) => (properties?.authMethod as { const?: unknown } | undefined)?.const,
    )
    expect(offered.map(({ value }) => value)).toEqual(taken)
  })

  test.each([
    ["a key of another method", { ...appRole, token: "t" }],
    ["an unknown key", { ...appRole, vaultUrl: "x" }],
    ["an unknown method", { ...appRole, authMethod: "ldap" }],
    ["a user without a password", { url: appRole.url, authMethod: "userpass", username: "u" }],
    ["a user's name that climbs", { ...user, username: ".." }],
    ["a user's name that leads elsewhere", { ...user, username: "u/../../sys" }],
    ["a password with a line break", { ...user, password: "p\n" }],
    ["a JWT without a role", { url: appRole.url, authMethod: "jwt", jwt: "a.b.c" }],
    ["a JWT that is none", { url: appRole.url, authMethod: "jwt", role: "r", jwt: "hvs.x" }],
    ["AWS keys with a role of AppRole", { ...aws, roleId: "r" }],
    ["an access key id with a slash", { ...aws, accessKeyId: "AKIDEXAMPLE/20260101" }],
    ["a region that is a host", { ...aws, region: "evil.example/" }],
    ["a token with a mount", { url: appRole.url, authMethod: "token", token: "t", authMount: "m" }],
    ["no role", { url: appRole.url }],
    ["a token with a line break", { url: appRole.url, authMethod: "token", token: "a\n" }],
    ["a namespace with a line break", { ...appRole, namespace: "a\r\nX-Vault-Token: b" }],
    ["an auth mount that climbs", { ...appRole, authMount: "../sys" }],
    ["a probe in Vault's own paths", { ...appRole, probePath: "sys/raw/x" }],
    ["a key for a certificate", { ...appRole, caCertificate: `${pem}-----BEGIN PRIVATE KEY-----` }],
    ["text for a certificate", { ...appRole, caCertificate: "hello" }],
  ])("refuses %s", (_, config) => expect(schema.safeParse(config).success).toBe(false))
})

describe("a URL", () => {
  test.each([
    ["https://vault.example.com", "https://vault.example.com"],
    ["https://vault.example.com:8200/", "https://vault.example.com:8200"],
    ["http://10.0.0.1/base/path//", "http://10.0.0.1/base/path"],
  ])("%s is taken as %s", (url, taken) => expect(urlField().parse(url)).toBe(taken))

  test.each([
    "vault.example.com",
    "ftp://vault.example.com",
    "https://",
    "https://user:password@vault.example.com",
    "https://@vault.example.com",
    "https://vault.example.com?x",
    "https://vault.example.com/#",
    " https://vault.example.com",
    "https://vault.example.com\\@evil.example",
    "https://vault.\nexample.com",
    "https:vault.example.com",
  ])("%j is refused", (url) => expect(urlField().safeParse(url).success).toBe(false))
})
