import { describe, expect, test } from "vitest"
import * as z from "zod/mini"
import { mergeConfig, type PlainConfig } from "../../core/connections/config.ts"
import { destinationFieldNames, secretFieldNames, urlField } from "../../core/providers/config-fields.ts"
import { providerById, providers } from "../../core/providers/registry.ts"
import { Secret } from "../../core/secret.ts"

interface JsonSchema {
  oneOf?: JsonSchema[]
  anyOf?: JsonSchema[]
  properties?: { [name: string]: { const?: unknown } }
  additionalProperties?: unknown
}

/** The forms that a configuration may have, from the schema as the API document shows it. */
function alternativesIn(schema: z.core.$ZodType): JsonSchema[] {
  const flat = (json: JsonSchema): JsonSchema[] => (json.oneOf ?? json.anyOf)?.flatMap(flat) ?? [json]
  return flat(z.toJSONSchema(schema, { io: "input" }) as JsonSchema)
}

/** The keys that it may have. */
function schemaKeys(schema: z.core.$ZodType): Set<string> {
  const alternatives = alternativesIn(schema)
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
      "roleArn",
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
    const roleArn = "arn:aws:iam::123456789012:role/latchkey"
    const byRole = { url: appRole.url, authMethod: "aws", role: "latchkey", roleArn }
    const configs = [user, aws, temporary, jwt, appRole, byRole, { ...byRole, region: "eu-central-1" }]
    for (const config of configs)
      expect(schema.safeParse({ ...config, authMount: "team/mount" }).success).toBe(true)
  })

  test("goes from AWS keys to a role, whose own they fall away, and back by naming it", () => {
    if (!provider) throw new Error("no provider")
    const roleArn = "arn:aws:iam::123456789012:role/latchkey"
    const merged = (stored: PlainConfig, patch: PlainConfig) => mergeConfig(provider, stored, patch).plain
    const byRole = { url: appRole.url, authMethod: "aws", role: aws.role, roleArn }
    expect(merged(aws, { roleArn })).toEqual(byRole)
    const { accessKeyId, secretAccessKey } = aws
    expect(merged(byRole, { roleArn: null, accessKeyId, secretAccessKey })).toEqual(aws)
    const missing = () => merged(byRole, { roleArn: null })
    expect(missing).toThrow(expect.objectContaining({ code: "VALIDATION" }))
  })

  test("offers in its form the methods that it takes", () => {
    const offered = provider?.fields.find(({ name }) => name === "authMethod")?.options ?? []
    const taken = alternativesIn(schema).map(({ properties }) => properties?.authMethod?.const)
    expect(offered.map(({ value }) => value)).toEqual([...new Set(taken)])
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
    ["AWS keys with a role of AWS's", { ...aws, roleArn: "arn:aws:iam::123456789012:role/latchkey" }],
    ["neither AWS keys nor a role", { url: appRole.url, authMethod: "aws", role: "latchkey" }],
    ["a role that is no ARN", { url: appRole.url, authMethod: "aws", role: "r", roleArn: "latchkey" }],
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
    ["https://vault.example.com/..base/.v", "https://vault.example.com/..base/.v"],
  ])("%s is taken as %s", (url, taken) => expect(urlField().parse(url)).toBe(taken))

  test.each([
    ["hashicorp", { roleId: "r" }],
    ["onepassword", { token: "t" }],
  ])("of %s loses the beginning of its API, which is put behind it anyway", (id, rest) => {
    const schema = providerById(id)?.config() ?? z.never()
    const taken = (url: string) => Object(schema.parse({ url, ...rest })).url
    expect(taken("https://example.com/v1")).toBe("https://example.com")
    expect(taken("https://example.com/v1//")).toBe("https://example.com")
    expect(taken("https://example.com/base/v1/")).toBe("https://example.com/base")
    expect(taken("https://example.com/v11")).toBe("https://example.com/v11")
    expect(taken("https://example.com/v1/base")).toBe("https://example.com/v1/base")
  })

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
    "https://vault.example.com/base/../other",
    "https://vault.example.com/%2E%2e",
    "https://vault.example.com/./",
  ])("%j is refused", (url) => expect(urlField().safeParse(url).success).toBe(false))
})
