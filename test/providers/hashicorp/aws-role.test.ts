import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../../core/clock.ts"
import { createNetwork, type Network } from "../../../core/network/client.ts"
import { type AwsDeployment, externalIdOf } from "../../../core/providers/aws/deployment.ts"
import { hashicorp } from "../../../core/providers/hashicorp/index.ts"
import { Secret } from "../../../core/secret.ts"
import { createLatchkey } from "../../../local/secret-managers/aws/admin.ts"
import { type AwsServer, startAws } from "../../../local/secret-managers/aws/server.ts"
import type { Role } from "../../../local/secret-managers/aws/state.ts"
import { startVault, type VaultServer } from "../../../local/secret-managers/vault/server.ts"
import { movedClock } from "../../support/moved-clock.ts"
import { testDeps } from "../deps.ts"

let aws: AwsServer
let vault: VaultServer
let network: Network

beforeEach(async () => {
  await import("@aws-sdk/client-sts")
  // Vault sends what was signed for AWS's own host.
  aws = await startAws({ hostCheck: false })
  vault = await startVault()
  network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: systemClock,
  })
})
afterEach(async () => {
  network.close()
  await Promise.all([aws.stop(), vault.stop()])
})

/** A tenant's role that Latchkey may assume, and a Vault that lets it in and asks the same AWS. */
async function connection({
  role = {},
  deployment = {},
  config = {},
}: {
  role?: Partial<Role>
  deployment?: Partial<AwsDeployment>
  config?: Record<string, unknown>
} = {}) {
  const { arn, accessKeyId, secretAccessKey } = createLatchkey(aws.admin)
  const trust = { trusts: [arn], externalId: await externalIdOf("prod", "acme") }
  const policy = { Statement: [{ Effect: "Allow" as const, Action: "*", Resource: "*" }] }
  const roleArn = aws.admin.createRole("latchkey", { ...trust, policy, ...role })

  const write = (path: string, body: { [key: string]: string | string[] }) =>
    vault.admin.call("POST", path, { body })
  await write("sys/auth/aws", { type: "aws" })
  await write("auth/aws/config/client", {
    iam_server_id_header_value: "latchkey/acme",
    sts_endpoint: aws.url,
  })
  await write("sys/policies/acl/app", { policy: 'path "secret/data/app" { capabilities = ["read"] }' })
  await write("auth/aws/role/reader", {
    auth_type: "iam",
    bound_iam_principal_arn: [roleArn],
    token_policies: ["app"],
  })
  await vault.admin.call("POST", "secret/data/app", { body: { data: { key: "value" } } })

  const principal = {
    deploymentId: "prod",
    arn,
    credentials: async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
  }
  const deps = {
    // What is signed must be of the verifiers' time.
    ...testDeps(network.client({ platformId: "acme", connectionKey: "test" }), movedClock(Date.now())),
    aws: { endpoint: () => aws.url, principal, ...deployment },
  }
  const given = { url: vault.url, authMethod: "aws", role: "reader", roleArn, ...config }
  const client = hashicorp.open(hashicorp.config().parse(given), deps)
  const { signal } = new AbortController()
  return {
    deps,
    roleArn,
    fetch: async (document: string) => (await client.fetch([document], signal)).get(document),
    async steps() {
      const { steps } = await client.check(signal)
      return steps.map(({ name, error }) => (error ? `${name}: ${error.reason}` : name))
    },
  }
}

describe("a login by a role of AWS", () => {
  test("assumes it with the platform's external id, and signs with what that gives", async () => {
    const { fetch, deps } = await connection()
    for (let i = 0; i < 3; i++) expect(await fetch("secret/data/app")).toMatchObject({ ok: true })
    expect(deps.sessions.logins).toBe(1)
    expect(aws.requests.counts).toEqual({ AssumeRole: 1, GetCallerIdentity: 1 })
  })

  test("is checked: first that the role is closed without the external id", async () => {
    const { steps } = await connection()
    expect(await steps()).toEqual(["assume role", "reach", "authenticate"])
    expect(aws.requests.count("AssumeRole")).toBe(3)
  })

  test("may do nothing in AWS with the role's session, however much the role may", async () => {
    const { fetch } = await connection()
    await fetch("secret/data/app")
    const [[, { policies }]] = JSON.parse(aws.state()).sessions.$map
    expect(policies).toHaveLength(2)
    expect(policies[1].Statement).toEqual([{ Effect: "Deny", Action: "*", Resource: "*" }])
  })

  test("is refused by a check where the role is open to others, before Vault is asked", async () => {
    const { arn } = createLatchkey(aws.admin)
    const { steps, deps } = await connection()
    aws.admin.createRole("latchkey", { trusts: [deps.aws.principal.arn, arn], policy: { Statement: [] } })
    const before = vault.requests.list.length
    expect(await steps()).toEqual(["assume role: BAD_CREDENTIALS"])
    expect(vault.requests.list).toHaveLength(before)
  })

  test("says where AWS does not let Latchkey assume the role, and where Latchkey is nobody in AWS", async () => {
    const mistrusting = await connection({ role: { externalId: "another" } })
    expect(await mistrusting.steps()).toEqual(["assume role: BAD_CREDENTIALS"])
    await expect(mistrusting.fetch("secret/data/app")).rejects.toMatchObject({ reason: "BAD_CREDENTIALS" })
  })

  test("is not possible where Latchkey is nobody in AWS", async () => {
    const { steps, fetch } = await connection({ deployment: { principal: undefined } as never })
    expect(await steps()).toEqual(["assume role: BAD_CREDENTIALS"])
    await expect(fetch("secret/data/app")).rejects.toThrow("Use an access key")
  })

  test("is refused by Vault where it binds another principal", async () => {
    const { steps } = await connection()
    await vault.admin.call("POST", "auth/aws/role/reader", {
      body: { auth_type: "iam", bound_iam_principal_arn: ["arn:aws:iam::111122223333:role/other"] },
    })
    expect(await steps()).toEqual(["assume role", "reach", "authenticate: BAD_CREDENTIALS"])
  })

  test("goes to AWS by the public authorities, not by that of Vault's certificate", async () => {
    const asked: unknown[] = []
    const caCertificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    const config = hashicorp.config().parse({
      ...{ url: vault.url, authMethod: "aws", role: "reader", caCertificate },
      roleArn: "arn:aws:iam::111122223333:role/latchkey",
    })
    const { deps } = await connection()
    const http = (options: object) => {
      asked.push(options)
      return deps.http(options)
    }
    await hashicorp.open(config, { ...deps, http }).check(new AbortController().signal)
    expect(asked).toContainEqual({})
    expect(asked).toContainEqual({ caCertificate })
  })
})
