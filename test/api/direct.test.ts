import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb"
import { LambdaClient } from "@aws-sdk/client-lambda"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createLambdaClient, type DirectClient, LatchkeyProblem } from "../../core/client-lambda/index.ts"
import { admin, connect, type SandboxApi, startSandboxApi } from "../support/sandbox-api.ts"

let api: SandboxApi
let lambda: LambdaClient
let direct: DirectClient
let id: string

beforeAll(async () => {
  api = await startSandboxApi()
  lambda = new LambdaClient({
    endpoint: api.sandbox.lambda,
    region: "us-east-1",
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  })
  direct = createLambdaClient({ functionName: "latchkey-resolve-direct", qualifier: "sandbox", lambda })
  id = await connect(api.as(admin("acme")), api.vault, { scope: "PROJECT", projectIds: ["p1"] })
})

afterAll(async () => {
  lambda.destroy()
  await api.close()
})

const reference = (path = "secret/data/app/api_key/value") => `{{secret://${id}/${path}}}`
const MiB = 1024 * 1024

/** The problem that comes instead of a resolution. */
async function problemOf(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  return error instanceof LatchkeyProblem ? error.problem : error
}

describe("direct invocation", () => {
  test("resolves for any platform that the alias may, by the typed client", async () => {
    const { value, references } = await direct.resolve({
      platformId: "acme",
      projectId: "p1",
      value: { key: `k=${reference()}` },
    })
    expect(value).toEqual({ key: expect.stringMatching(/^k=sk-demo-fake-/) })
    expect(references).toEqual([{ pointer: "/key", connectionId: id, source: "provider", version: "1" }])
  })

  test("leaves who invoked, and for whom they say they did, in the audit", async () => {
    await direct.resolve({ platformId: "acme", projectId: "p1", value: reference(), actor: "run 17" })
    const client = new DynamoDBClient()
    const { Items = [] } = await client.send(new ScanCommand({ TableName: "latchkey-audit" }))
    client.destroy()
    const found = Items.filter(({ detail }) => detail?.S?.includes('"claimedActor":"run 17"'))
    expect(found.map(({ actor, action }) => [actor?.S, action?.S])).toEqual([["sandbox", "secret.resolve"]])
  })

  test("is held to platform and project like everyone", async () => {
    for (const [platformId, projectId] of [
      ["acme", "p2"],
      ["acme", undefined],
      ["evil", "p1"],
    ] as const)
      expect(
        await problemOf(direct.resolve({ platformId, ...(projectId && { projectId }), value: reference() })),
      ).toMatchObject({ code: "ENTITY_NOT_FOUND", connectionId: id, pointer: "" })
  })

  test("is refused without an alias, and does not come to be by an unknown one", async () => {
    for (const qualifier of [undefined, "$LATEST"]) {
      const unqualified = createLambdaClient({
        functionName: "latchkey-resolve-direct",
        lambda,
        ...(qualifier !== undefined && { qualifier }),
      })
      expect(await problemOf(unqualified.resolve({ platformId: "acme", value: "x" }))).toMatchObject({
        code: "AUTHORIZATION",
      })
    }
    const unknown = createLambdaClient({ functionName: "latchkey-resolve-direct:other", lambda })
    await expect(unknown.resolve({ platformId: "acme", value: "x" })).rejects.toMatchObject({
      name: "UnexpectedReply",
      message: expect.stringContaining(
        "Lambda answered ResourceNotFoundException: check functionName and qualifier",
      ),
      status: 404,
    })
  })

  test("takes 5 MiB and gives 5 MiB", async () => {
    const value = "x".repeat(5 * MiB - 300)
    expect((await direct.resolve({ platformId: "acme", value })).value).toHaveLength(value.length)
    expect(await problemOf(direct.resolve({ platformId: "acme", value: "x".repeat(5 * MiB) }))).toMatchObject(
      {
        code: "PAYLOAD_TOO_LARGE",
      },
    )
    await api.vault.admin.put("secret/data/app/large", { value: "v".repeat(60_000) })
    const large = (count: number) =>
      direct.resolve({
        platformId: "acme",
        projectId: "p1",
        value: Array(count).fill(reference("secret/data/app/large/value")),
      })
    expect((await large(80)).references).toHaveLength(80)
    expect(await problemOf(large(90))).toMatchObject({ code: "PAYLOAD_TOO_LARGE" })
  })

  test("gets problems as data: the invocation itself succeeds", async () => {
    expect(
      await problemOf(direct.resolve({ platformId: "acme", projectId: "p1", value: ["{{secret://"] })),
    ).toMatchObject({ code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "INVALID_PATH", pointer: "/0" })
    for (const payload of [
      { platformId: "../x", value: 1 },
      { platformId: "acme" },
      { platformId: "acme", value: 1, role: "ADMIN" },
    ])
      expect(
        await problemOf(direct.resolve(payload as unknown as Parameters<DirectClient["resolve"]>[0])),
      ).toMatchObject({
        code: "VALIDATION",
      })
    const reported = await direct.resolve({ platformId: "evil", value: reference(), onError: "report" })
    expect(reported).toMatchObject({ value: null, references: [{ error: { code: "ENTITY_NOT_FOUND" } }] })
  })
})
