import { generateKeyPairSync } from "node:crypto"
import { expect, test } from "vitest"
import { type StageInput, settingsOf } from "../../stacks/config.ts"

const issuer = {
  issuer: "https://login.acme.example/",
  audience: "latchkey",
  jwksUrl: "https://login.acme.example/keys",
  platforms: ["acme"],
}

const { publicKey, privateKey } = generateKeyPairSync("ed25519")
const pem = { type: "spki", format: "pem" } as const
const withKeys = (...publicKeys: unknown[]) => ({ jwksUrl: undefined, publicKeys })

const issuersThatFail: [wrong: string, change: object, message: string][] = [
  [
    "a shared secret's algorithm",
    { algorithms: ["HS256"] },
    "issuers.0.algorithms.0: must be one of RS256, ",
  ],
  [
    "a key that is none",
    withKeys("x"),
    "issuers.0.publicKeys.0: must be a public key: a JWK, or a text in PEM",
  ],
  ["a JWK that is none", withKeys({ kty: "EC" }), "issuers.0.publicKeys.0: must be a public key"],
  [
    "a private key",
    withKeys(privateKey.export({ type: "pkcs8", format: "pem" })),
    "issuers.0.publicKeys.0: must be a public key",
  ],
  [
    "a private key as JWK",
    withKeys(privateKey.export({ format: "jwk" })),
    "issuers.0.publicKeys.0: must be a public key",
  ],
  [
    "a platform that cannot be",
    { platforms: ["a/b"] },
    "`platforms` must be a list of platform ids, or of `*`",
  ],
]

test("takes public keys as JWK and in PEM", () => {
  const keys = withKeys(publicKey.export(pem), publicKey.export({ format: "jwk" }))
  expect(() => settingsOf("ada", { issuers: [{ ...issuer, ...keys }] })).not.toThrow()
})

test.each<[wrong: string, settings: Partial<StageInput>, message: string]>([
  [
    "a network that is none, which functions would not start with",
    { outbound: { exceptions: [{ platformId: "acme", cidr: "10.0.0.0" }] } },
    "outbound.exceptions.0.cidr: must be a network, such as 10.0.0.0/8",
  ],
  [
    "more provisioned instances than are reserved, which AWS refuses",
    { concurrency: { resolve: { reserved: 5, provisioned: 6 } } },
    "concurrency.resolve.provisioned: must be at most `reserved`, of which these are",
  ],
  ...issuersThatFail.map(([wrong, change, message]): [string, Partial<StageInput>, string] => [
    wrong,
    { issuers: [{ ...issuer, ...change } as typeof issuer] },
    message,
  ]),
  ["no issuer", { issuers: undefined as unknown as [] }, "issuers: name at least one issuer"],
  [
    "a request to a secret manager that may take longer than the resolve it is for",
    { deadlines: { resolveMs: 4_000, requestMs: 5_000 } },
    "deadlines.requestMs: must be at most `resolveMs`",
  ],
  [
    "a domain with a path",
    { domain: { name: "api.acme.example/v1" } },
    "domain.name: must be the name of a host, such as api.acme.example, and nothing around it",
  ],
  [
    "one domain for both the API and the console",
    { domain: { name: "latchkey.acme.example" }, console: { domain: { name: "latchkey.acme.example" } } },
    "console.domain.name: must be another than the API's",
  ],
  [
    "a region that is none",
    { upstashRegion: "Frankfurt" },
    "upstashRegion: must be a region, such as eu-central-1",
  ],
  [
    "half a network of one's own",
    { vpc: { privateSubnets: ["subnet-1"] } as unknown as "new" },
    'vpc: must be "new", or your own `privateSubnets` and `securityGroups`',
  ],
])("refuses before a deployment %s", (_, settings, message) => {
  expect(() => settingsOf("ada", { issuers: [issuer], ...settings })).toThrow(message)
})

test("takes networks of both kinds, and as many provisioned instances as are reserved", () => {
  const exceptions = ["10.0.0.0/8", "fd00::/8"].map((cidr) => ({ platformId: "acme", cidr }))
  const concurrency = { resolve: { reserved: 5, provisioned: 5 }, browse: { provisioned: 1 } }
  expect(() => settingsOf("ada", { issuers: [issuer], outbound: { exceptions }, concurrency })).not.toThrow()
})
