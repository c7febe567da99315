import { expect, test } from "vitest"
import { type StageInput, settingsOf } from "../../stacks/config.ts"

const issuer = {
  issuer: "https://login.acme.example/",
  audience: "latchkey",
  jwksUrl: "https://login.acme.example/keys",
  platforms: ["acme"],
}

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
