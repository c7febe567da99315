import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { connectDemo } from "../../local/demo.ts"
import { type Sandbox, startSandbox } from "../../local/sandbox.ts"
import { secretManagers } from "../../local/secret-managers/all.ts"
import { loadService } from "../../local/service.ts"

let folder: string
let sandbox: Sandbox
/** Of the API's answers while the sandbox started. */
const answered: number[] = []

const call = async (method: string, path: string, token: string, body?: unknown) => {
  const response = await fetch(sandbox.api + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
}

beforeAll(async () => {
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT")
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true")
  folder = mkdtempSync(join(tmpdir(), "latchkey-demo-"))
  const calls = vi.spyOn(globalThis, "fetch")
  sandbox = await startSandbox({ port: 0, dataDir: folder, loadService, secretManagers })
  for (const [at, { value }] of calls.mock.settledResults.entries())
    if (String(calls.mock.calls[at]?.[0]).startsWith(sandbox.api)) answered.push((value as Response).status)
  calls.mockRestore()
})

afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

describe("the functions in the sandbox", () => {
  test("have a connection to each sandbox secret manager", async () => {
    expect(sandbox.demo.map(({ providerId }) => providerId)).toEqual(
      secretManagers.map(({ providerId }) => providerId),
    )
    const { body } = await call("GET", "", sandbox.tokens.admin)
    expect(body.data).toHaveLength(secretManagers.length)
    for (const { connection } of body.data) expect(connection).toMatchObject({ connected: true })
  })

  test("make each with one request, and none that fails", () => {
    expect(answered).toEqual(secretManagers.map(() => 201))
  })

  test("take one that is there already for theirs, whatever they remember", async () => {
    const state = { ports: {}, demo: {}, save: async () => {} }
    const { api: baseUrl, tokens, parts } = sandbox
    const options = { baseUrl, adminToken: tokens.admin, secretManagers: parts.secretManagers, state }
    expect(await connectDemo(options)).toEqual(sandbox.demo)
    expect(Object.keys(state.demo)).toEqual(
      expect.arrayContaining(secretManagers.map((one) => one.providerId)),
    )
  })

  test("resolve each demo reference to its secret", async () => {
    const value = sandbox.demo.map(({ reference }) => reference)
    const { status, body } = await call("POST", "/resolve", sandbox.tokens.service, { value })
    expect([status, body.value]).toEqual([200, sandbox.demo.map((entry) => entry.value)])
  })

  test("show whom a role of AWS has to trust, and read by one that does, for this platform alone", async () => {
    const { tokens, parts, demo } = sandbox
    const factsFor = async (token: string) => {
      const { body } = await call("GET", "/providers", token)
      return body.data.find(({ id }: { id: string }) => id === "aws").facts
    }
    const facts = await factsFor(tokens.admin)
    expect(facts).toEqual({
      externalId: expect.stringMatching(/^latchkey-[A-Z2-7]{26}$/),
      principalArn: "arn:aws:iam::444455556666:root",
    })
    const roleArn = "arn:aws:iam::111122223333:role/latchkey"
    const config = { region: "us-east-1", roleArn }
    const given = { providerId: "aws", name: "By a role", scope: "PLATFORM", config }
    const made = await call("POST", "", tokens.admin, given)
    expect([made.status, made.body.connection]).toMatchObject([201, { connected: true }])
    const value = `{{secret://${made.body.id}/prod/db#password}}`
    const { body } = await call("POST", "/resolve", tokens.service, { value })
    expect(body.value).toBe(demo.find(({ providerId }) => providerId === "aws")?.value)
    await call("DELETE", `/${made.body.id}`, tokens.admin)

    const other = await parts.identity.signToken({ platformId: "other", role: "ADMIN", type: "USER" })
    expect(await factsFor(other)).not.toEqual(facts)
    const refused = await call("POST", "", other, given)
    expect(refused).toMatchObject({ status: 400, body: { reason: "BAD_CREDENTIALS" } })
  })

  test("let an admin resolve nothing, and a stranger nothing at all", async () => {
    expect((await call("POST", "/resolve", sandbox.tokens.admin, { value: 1 })).status).toBe(403)
    expect((await call("GET", "", "made.up.token")).status).toBe(401)
  })

  test("answer from their own cache what they have fetched, at one read and one write", async () => {
    const value = sandbox.demo[0]?.reference
    await call("POST", "/resolve", sandbox.tokens.service, { value })
    const { dynamodb, kms, redis } = sandbox.parts
    for (const counter of [dynamodb?.requests, kms?.requests, redis?.requests]) counter?.reset()
    const { body } = await call("POST", "/resolve", sandbox.tokens.service, { value })
    expect(body.references[0].source).toBe("memory")
    expect(dynamodb?.requests.all()).toEqual({ BatchGetItem: 1, PutItem: 1 })
    expect([kms?.requests.all(), redis?.requests.all()]).toEqual([{}, {}])
  })
})
