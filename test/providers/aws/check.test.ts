import { readFileSync } from "node:fs"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { aws } from "../../../core/providers/aws/index.ts"
import { awsSsm } from "../../../core/providers/aws-ssm/index.ts"
import { closedUrl } from "../../conformance/proxy.ts"
import { allow, connection, sandbox } from "./sandbox-client.ts"

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8")
const key = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "made-up" }

/** A server whose certificate nobody has reason to trust. */
async function untrusted(): Promise<string> {
  const server = createServer({ key: fixture("leaf.key"), cert: fixture("localhost.pem") })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  onTestFinished(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test("what goes wrong on the way is told in the words of a connection that has no `url`", async () => {
  const server = await sandbox()
  const at = (endpoint: string) => connection(server, { ...key, endpoint }, { allowEndpoint: true })
  const failure = async ({ check, client }: ReturnType<typeof at>) => {
    const { steps } = await check()
    const results = await client.fetch(["a"], new AbortController().signal)
    const result = results.get("a")
    const errors = [steps.at(-1)?.error, result?.ok === false ? result.error : undefined]
    for (const error of errors) {
      expect(error?.message).toMatch(/`endpoint`/)
      expect(error?.message).not.toMatch(/`url`|`caCertificate`|active node/)
    }
    return errors.map((error) => error?.reason)
  }
  expect(await failure(at(await closedUrl()))).toEqual(["UNREACHABLE", "UNREACHABLE"])
  expect(await failure(at(await untrusted()))).toEqual(["TLS", "TLS"])
  expect(await failure(at("http://169.254.169.254"))).toEqual(["BLOCKED_ADDRESS", "BLOCKED_ADDRESS"])
  server.faults.set({ redirect: "https://elsewhere.example" })
  expect(await failure(at(server.url))).toEqual(["PROVIDER_ERROR", "PROVIDER_ERROR"])
  server.faults.set({ body: "x".repeat(5_000_000) })
  expect(await failure(at(server.url))).toEqual(["PROVIDER_ERROR", "PROVIDER_ERROR"])
})

test("a check reports the account that an access key is of", async () => {
  const server = await sandbox()
  const { arn: _, ...user } = server.admin.createUser("u", allow("GetSecretValue"))
  const deployment = { endpoint: () => server.url }
  for (const { check } of [
    connection(server, user, deployment),
    connection(server, user, deployment, awsSsm),
  ])
    expect(await check()).toMatchObject({ aws: { account: "111122223333", region: "us-east-1" } })
})

test("a check does not believe an endpoint of the connection's own whose account the keys are of", async () => {
  const server = await sandbox()
  const { arn: _, ...user } = server.admin.createUser("u", allow("GetSecretValue"))
  const report = await connection(server, user).check()
  expect(report.steps.every(({ ok }) => ok)).toBe(true)
  expect(report).not.toHaveProperty("aws")
})

test("a role of Latchkey's own account fails to authenticate, not on the way to AWS: nothing is sent", async () => {
  const server = await sandbox()
  const arn = "arn:aws:iam::444455556666:role/latchkey"
  const principal = { deploymentId: "test", arn, credentials: async () => expect.unreachable() }
  const config = { roleArn: "arn:aws:iam::444455556666:role/reader" }
  for (const provider of [aws, awsSsm]) {
    const { check } = connection(server, config, { principal, endpoint: () => server.url }, provider)
    expect((await check()).steps).toMatchObject([
      { name: "authenticate", ok: false, error: { reason: "BAD_CREDENTIALS" } },
    ])
  }
  expect(server.requests.count()).toBe(0)
})

test("a check is not passed by an answer that names nobody", async () => {
  const server = await sandbox()
  for (const body of [
    "",
    "<html>",
    "<GetCallerIdentityResponse/>",
    '{"Arn":"arn:aws:iam::111122223333:user/u"}',
  ]) {
    server.faults.set({ body })
    const { steps, aws } = await connection(server, key, { endpoint: () => server.url }).check()
    expect([steps.at(-1)?.name, steps.at(-1)?.error?.reason, aws]).toEqual([
      "authenticate",
      "PROVIDER_ERROR",
      undefined,
    ])
  }
})
