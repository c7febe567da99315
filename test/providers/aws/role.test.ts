import { describe, expect, test } from "vitest"
import { type AwsDeployment, externalIdOf } from "../../../core/providers/aws/deployment.ts"
import { Secret } from "../../../core/secret.ts"
import { createLatchkey } from "../../../local/secret-managers/aws/admin.ts"
import type { AwsServer } from "../../../local/secret-managers/aws/server.ts"
import type { Role } from "../../../local/secret-managers/aws/state.ts"
import { allow, connection, sandbox } from "./sandbox-client.ts"

/** A tenant's role that may do anything, and Latchkey in an account of its own. */
async function tenant(change: Partial<Role> = {}) {
  const server = await sandbox()
  server.admin.put("app", "value")
  const { arn, accessKeyId, secretAccessKey } = createLatchkey(server.admin)
  const deployment: AwsDeployment = {
    endpoint: () => server.url,
    principal: {
      deploymentId: "prod",
      arn,
      credentials: async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
    },
  }
  const externalId = await externalIdOf("prod", "acme")
  const roleArn = server.admin.createRole("latchkey", {
    trusts: [arn],
    externalId,
    policy: allow("*"),
    ...change,
  })
  return { server, deployment, roleArn, ...connection(server, { roleArn }, deployment) }
}

const steps = async (check: ReturnType<typeof connection>["check"]) =>
  (await check()).steps.map(({ name, ok, error }) => (ok ? name : `${name}: ${error?.reason}`))

const bodies = ({ requests }: AwsServer, operation: string) => requests.count(operation)

describe("a role", () => {
  test("is assumed once with the platform's external id, and read with", async () => {
    const { server, fetch, deps } = await tenant()
    expect(await fetch("app")).toEqual([{ string: "value" }])
    expect(await fetch("app")).toEqual([{ string: "value" }])
    expect(bodies(server, "AssumeRole")).toBe(1)
    expect(deps.sessions.session?.expiresAt).toBe(deps.clock.now() + 55 * 60_000)
  })

  test("shows the platform in the session's name, and may not do more than read", async () => {
    const { server, fetch } = await tenant()
    await fetch("app")
    const [session] = [...JSON.parse(server.state()).sessions.$map]
    const { arn, policies } = session[1]
    expect(arn).toMatch(/:assumed-role\/latchkey\/latchkey-acme$/)
    expect(policies[1].Statement[0].Action).toEqual([
      "secretsmanager:BatchGetSecretValue",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:ListSecrets",
    ])
    expect(policies[1].Statement[1].Condition).toEqual({
      StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" },
    })
  })

  test("passes a check that first finds it closed without the external id", async () => {
    const { server, check } = await tenant()
    expect(await check()).toMatchObject({ aws: { account: "111122223333", region: "us-east-1" } })
    expect(bodies(server, "AssumeRole")).toBe(2)
  })

  test("is refused by a check where it can be assumed without an external id", async () => {
    const server = await sandbox()
    const { arn, ...key } = createLatchkey(server.admin)
    const open = server.admin.createRole("open", { trusts: [arn], policy: allow("*") })
    const credentials = async () => ({ ...key, secretAccessKey: new Secret(key.secretAccessKey) })
    const principal = { deploymentId: "prod", arn, credentials }
    const { check } = connection(server, { roleArn: open }, { endpoint: () => server.url, principal })
    const report = await check()
    expect(report.steps.at(-1)).toMatchObject({ name: "authenticate", ok: false })
    expect(report.steps.at(-1)?.error?.message).toContain("without an external id")
  })

  test("of another platform, deployment or principal is refused by AWS, which is the credentials' fault", async () => {
    for (const change of [{ externalId: await externalIdOf("prod", "other") }, { trusts: [] }]) {
      const { check, client } = await tenant(change)
      await expect(client.fetch(["app"], new AbortController().signal)).rejects.toMatchObject({
        reason: "BAD_CREDENTIALS",
      })
      expect(await steps(check)).toEqual(["reach", "authenticate: BAD_CREDENTIALS"])
    }
  })

  test("of the account that Latchkey runs in is refused before anything is sent", async () => {
    const { server, deployment } = await tenant()
    const own = connection(server, { roleArn: "arn:aws:iam::444455556666:role/admin" }, deployment)
    expect(await steps(own.check)).toEqual(["authenticate: BAD_CREDENTIALS"])
    await expect(own.client.fetch(["app"], new AbortController().signal)).rejects.toThrow("account")
    expect(server.requests.count()).toBe(0)
  })

  test("cannot be used where Latchkey is nobody in AWS", async () => {
    const { server, roleArn } = await tenant()
    const nobody = connection(server, { roleArn }, { endpoint: () => server.url })
    expect(await steps(nobody.check)).toEqual(["authenticate: BAD_CREDENTIALS"])
  })

  test("failing for Latchkey's own credentials does not look like the tenant's fault", async () => {
    const { client, deployment } = await tenant()
    const { principal } = deployment
    if (principal)
      principal.credentials = async () => ({ accessKeyId: "AKIANOBODY", secretAccessKey: new Secret("x") })
    await expect(client.fetch(["app"], new AbortController().signal)).rejects.toMatchObject({
      reason: "PROVIDER_ERROR",
    })
  })
})

describe("a check", () => {
  test("describes the probe secret, where there is one", async () => {
    const server = await sandbox()
    server.admin.put("probe", "x")
    const { arn: _, ...key } = server.admin.createUser("u", allow("DescribeSecret"))
    const outcome = (probeSecret: string) => steps(connection(server, { ...key, probeSecret }).check)
    expect(await outcome("probe")).toEqual(["reach", "authenticate", "read"])
    expect(await outcome("none")).toEqual(["reach", "authenticate", "read: NOT_FOUND"])
    server.admin.call("DeleteSecret", { SecretId: "probe" })
    expect(await outcome("probe")).toEqual(["reach", "authenticate", "read: DELETED"])
  })

  test("warns of temporary credentials, which nobody renews", async () => {
    const { server, roleArn, deployment, fetch } = await tenant()
    await fetch("app")
    const [[accessKeyId, { secretAccessKey, sessionToken }]] = JSON.parse(server.state()).sessions.$map
    const report = await connection(server, { accessKeyId, secretAccessKey, sessionToken }).check()
    expect(report.warnings).toMatchObject([{ code: "CREDENTIAL_EXPIRES" }])
    expect((await connection(server, { roleArn }, deployment).check()).warnings).toEqual([])
  })

  test("and a fetch refuse an endpoint that the deployment does not allow, before anything is sent", async () => {
    const server = await sandbox()
    const { check, fetch } = connection(server, server.admin.accessKey as never, {})
    expect(await steps(check)).toEqual(["reach: BLOCKED_ADDRESS"])
    await expect(fetch("app")).rejects.toMatchObject({ reason: "BLOCKED_ADDRESS" })
    expect(server.requests.count()).toBe(0)
  })
})
