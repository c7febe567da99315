import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { externalIdOf } from "../../../core/providers/aws/deployment.ts"
import { aws } from "../../../core/providers/aws/index.ts"
import { hostOf, partitions } from "../../../core/providers/aws/regions.ts"
import { destinationFieldNames, secretFieldNames } from "../../../core/providers/config-fields.ts"

const key = { region: "eu-west-1", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" }
const role = { region: "eu-west-1", roleArn: "arn:aws:iam::123456789012:role/path/latchkey" }
const accepts = (config: object) => aws.config().safeParse(config).success

describe("a configuration", () => {
  test("has an access key, or a role, and never both or neither", () => {
    expect(accepts(key)).toBe(true)
    expect(accepts({ ...key, sessionToken: "token", endpoint: "https://aws.example" })).toBe(true)
    expect(accepts(role)).toBe(true)
    expect(accepts({ ...key, ...role })).toBe(false)
    expect(accepts({ region: "eu-west-1" })).toBe(false)
    expect(accepts({ ...key, secretAccessKey: "" })).toBe(false)
    expect(accepts({ ...role, endpoint: "https://aws.example" })).toBe(false)
    expect(accepts({ ...role, externalId: "mine" })).toBe(false)
  })

  test.each(["eu-west-99", "evil.example/", "aws-global", "", "constructor"])("is not in %j", (region) => {
    expect(accepts({ ...key, region })).toBe(false)
  })

  test("keeps its secrets, and asks for them again where anything decides who gets them", () => {
    expect(secretFieldNames(aws)).toEqual(["secretAccessKey", "sessionToken"])
    expect(destinationFieldNames(aws)).toEqual(["region", "roleArn", "accessKeyId", "endpoint"])
    expect(JSON.stringify(aws.config().parse(key))).not.toContain('"secret"')
  })
})

test("the regions are those that AWS's SDK knows, in its partitions", () => {
  const file = "@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js"
  const text = readFileSync(new URL(`../../../node_modules/${file}`, import.meta.url), "utf8")
  const known = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as {
    partitions: { id: string; outputs: { dnsSuffix: string }; regions: Record<string, unknown> }[]
  }
  const sdk = known.partitions.map(({ id, outputs, regions }) => ({
    id,
    domain: outputs.dnsSuffix,
    regions: Object.keys(regions)
      .filter((region) => !region.endsWith("-global"))
      .sort(),
  }))
  const ours = partitions.map((partition) => ({ ...partition, regions: partition.regions.toSorted() }))
  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
  expect(ours.sort(byId)).toEqual(sdk.sort(byId))
  expect(hostOf("sts", "cn-north-1")).toBe("sts.cn-north-1.amazonaws.com.cn")
})

describe("an external id", () => {
  test("is made of the deployment and the platform, as documented", async () => {
    // printf 'prod\nacme' | openssl dgst -sha256 -binary | base32 | cut -c1-26
    expect(await externalIdOf("prod", "acme")).toBe("latchkey-Y5XQK3RCJOTUVYCFOQA5276EIU")
  })

  test("differs between platforms and between deployments, and is shown with the principal", async () => {
    const principal = {
      deploymentId: "prod",
      arn: "arn:aws:iam::999988887777:root",
      credentials: () => Promise.reject(new Error("not needed to show it")),
    }
    const facts = await aws.facts?.("acme", { aws: { principal } })
    expect(facts).toEqual({ externalId: await externalIdOf("prod", "acme"), principalArn: principal.arn })
    expect(await externalIdOf("prod", "other")).not.toBe(facts?.externalId)
    expect(await externalIdOf("test", "acme")).not.toBe(facts?.externalId)
    expect(await aws.facts?.("acme", {})).toBeUndefined()
  })
})
