import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { LambdaClient } from "@aws-sdk/client-lambda"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { LatchkeyProblem, UnexpectedReply } from "../../core/client/index.ts"
import { createLambdaClient, type DirectClient } from "../../core/client-lambda/index.ts"
import { toProblem } from "../../core/contract/problems.ts"
import { LatchkeyError } from "../../core/errors.ts"

let asked: { path: string; payload: unknown }[]
let reply: { body: string; status?: number; functionError?: string }
let client: DirectClient

/** The one operation of Lambda's API that is used, as botocore's model of it has it. */
const lambda = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  asked.push({ path: request.url ?? "", payload: JSON.parse(Buffer.concat(chunks).toString()) })
  const { status = 200, functionError } = reply
  response.writeHead(status, functionError ? { "x-amz-function-error": functionError } : {})
  response.end(reply.body)
})

beforeAll(async () => {
  await new Promise<void>((listening) => lambda.listen(0, "127.0.0.1", listening))
  const sdk = new LambdaClient({
    endpoint: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
    region: "eu-central-1",
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
  })
  client = createLambdaClient({ functionName: "resolve-direct", qualifier: "worker", lambda: sdk })
})

afterAll(() => {
  lambda.closeAllConnections()
  return new Promise((closed) => lambda.close(closed))
})

beforeEach(() => {
  asked = []
})

test("a resolve invokes the caller's alias and gives the resolution", async () => {
  reply = { body: JSON.stringify({ ok: true, value: "live", references: [] }) }
  const resolution = await client.resolve({ platformId: "acme", value: "{{secret://x/y}}", actor: "worker" })

  expect(resolution).toEqual({ value: "live", references: [] })
  expect(asked).toEqual([
    {
      path: "/2015-03-31/functions/resolve-direct/invocations?Qualifier=worker",
      payload: { platformId: "acme", value: "{{secret://x/y}}", actor: "worker" },
    },
  ])
})

test("null is a resolution like any other", async () => {
  reply = { body: JSON.stringify({ ok: true, value: null, references: [] }) }

  expect(await client.resolve({ platformId: "acme", value: null })).toEqual({ value: null, references: [] })
})

test("a problem is thrown as by the client over HTTP", async () => {
  const error = toProblem(new LatchkeyError("ENTITY_NOT_FOUND", "No such connection."), "req_1")
  reply = { body: JSON.stringify({ ok: false, error }) }
  const thrown = await client.resolve({ platformId: "acme", value: 1 }).catch((error: unknown) => error)

  expect(thrown).toBeInstanceOf(LatchkeyProblem)
  expect(thrown).toMatchObject({ code: "ENTITY_NOT_FOUND", requestId: "req_1", status: 404 })
})

test.each([
  ["a crash", { body: '{"errorMessage":"canary"}', functionError: "Unhandled" }],
  ["an answer of another function", { body: '"canary"' }],
  ["no JSON", { body: "canary" }],
  ["nothing", { body: "" }],
])("%s is told without its payload", async (_, what) => {
  reply = what
  const thrown = await client.resolve({ platformId: "acme", value: 1 }).catch((error: unknown) => error)

  expect(thrown).toBeInstanceOf(UnexpectedReply)
  expect(String(thrown)).not.toContain("canary")
})

test.each([
  [
    "ResourceNotFoundException",
    { status: 404, body: '{"__type":"ResourceNotFoundException","Message":"c4n4ry"}' },
  ],
  ["an error", { status: 403, body: '{"__type":"of c4n4ries: /","Message":"c4n4ry"}' }],
])("what Lambda refuses is told as %s, without its text and the answer behind it", async (name, what) => {
  reply = what
  const thrown = await client.resolve({ platformId: "acme", value: 1 }).catch((error: unknown) => error)

  expect(thrown).toBeInstanceOf(UnexpectedReply)
  expect(thrown).toMatchObject({ status: what.status, message: expect.stringContaining(`answered ${name}:`) })
  expect(inspect(thrown, { depth: null, showHidden: true })).not.toContain("c4n4r")
})

test("what goes wrong before there is an answer is thrown as it is", async () => {
  const sdk = new LambdaClient({
    ...{ endpoint: "http://127.0.0.1:9", region: "eu-central-1", maxAttempts: 1 },
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
  })
  const thrown = createLambdaClient({ functionName: "resolve-direct", lambda: sdk }).resolve({
    platformId: "acme",
    value: 1,
  })

  await expect(thrown).rejects.toMatchObject({ code: "ECONNREFUSED" })
})

test("an aborted signal stops the invocation", async () => {
  await expect(
    client.resolve({ platformId: "acme", value: 1 }, { signal: AbortSignal.abort() }),
  ).rejects.toThrow()
})
