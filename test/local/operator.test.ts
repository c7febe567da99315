import { execFile } from "node:child_process"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { promisify } from "node:util"
import { QueryCommand } from "@aws-sdk/client-dynamodb"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { actorKey } from "../../core/audit/dynamodb-page.ts"
import { type GivenStage, givenStage, tables } from "../maintenance/given.ts"

/** The commands as operators run them, in processes of their own, against the sandbox's servers. */

let stage: GivenStage
let aws: Server
let url: string
let id: string

beforeAll(async () => {
  stage = await givenStage()
  id = await stage.connect("acme")
  await stage.connect("globex")
  const variables = {
    CONNECTIONS_TABLE: tables.connections,
    AUDIT_TABLE: tables.audit,
    KMS_KEY_ID: stage.kms.keyId,
    LATCHKEY_AUDIT_DAYS: "30",
  }
  // What is asked of Lambda and of STS, and of nothing else.
  aws = createServer((request, response) => {
    const name = /\/functions\/([^/]+)\/configuration$/.exec(request.url ?? "")?.[1]
    if (name === "latchkey-ada-audit")
      response.end(JSON.stringify({ FunctionName: name, Environment: { Variables: variables } }))
    else if (name !== undefined)
      response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" }).end("{}")
    else
      response.end(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>",
      )
  })
  await new Promise<void>((resolve) => aws.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`
})
afterAll(async () => {
  await new Promise((resolve) => aws.close(resolve))
  await stage.stop()
})

async function run(command: "rewrap" | "clear-all", ...args: string[]) {
  const environment = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "operator",
    AWS_SECRET_ACCESS_KEY: "operator",
    AWS_ENDPOINT_URL_DYNAMODB: stage.dynamodb.url,
    AWS_ENDPOINT_URL_KMS: stage.kms.url,
    AWS_ENDPOINT_URL_LAMBDA: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_MAX_ATTEMPTS: "1",
  }
  try {
    const file = `local/operator/${command}.ts`
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, ...args], {
      env: environment,
    })
    return { code: 0, stdout, stderr }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

describe("npm run rewrap", () => {
  test("tells what it would do, does it, and prints no key", async () => {
    await stage.kms.rotate()
    const tried = await run("rewrap", "--stage", "ada", "--dry-run")
    expect([tried.code, tried.stdout]).toEqual([0, "4 keys would be wrapped anew.\n"])

    const done = await run("rewrap", "--stage", "ada")
    expect([done.code, done.stdout]).toEqual([0, "4 keys were wrapped anew.\n"])
    expect(done.stderr).toBe("latchkey: 4 keys wrapped anew ...\n")
    const { platform, record, secret } = await stage.look("acme", id)
    expect([platform.rootKey, record.config.wrappedKey].map(stage.versionOf)).toEqual([2, 2])
    expect(secret).toEqual({ secret: "s3cret" })
  })

  test("says how to go on where it was stopped", async () => {
    stage.kms.faults.mode = "refuse"
    const { code, stderr } = await run("rewrap", "--stage", "ada")
    stage.kms.faults.mode = "answer"
    expect(code).toBe(1)
    expect(stderr).toMatch(/^latchkey: stopped\. KMS could not be reached.* Run it again\.\n$/)
  })

  test("names what it had to leave, and fails", async () => {
    await stage.connect("mallory", { keyId: "alias/foreign" })
    const { code, stdout } = await run("rewrap", "--stage", "ada")
    expect(code).toBe(1)
    expect(stdout).toContain("4 keys were wrapped anew.\n2 do not open")
    expect(stdout).toContain("\n  platform mallory\n")
  })
})

describe("npm run clear-all", () => {
  test("clears every platform, as whoever runs it", async () => {
    const before = (await stage.store.read("acme", [])).platform?.generation
    const { code, stdout } = await run("clear-all", "--stage", "ada")
    expect([code, stdout]).toEqual([0, "3 platforms were cleared.\n"])
    expect((await stage.store.read("acme", [])).platform?.generation).not.toBe(before)
    const { Items } = await stage.client.send(
      new QueryCommand({
        TableName: tables.audit,
        IndexName: "byActor",
        KeyConditionExpression: "actorKey = :key",
        ExpressionAttributeValues: { ":key": { S: actorKey("acme", "arn:aws:iam::123456789012:user/ada") } },
      }),
    )
    expect(Items?.map(({ action }) => action?.S)).toEqual(["cache.cleared"])
  })
})

describe("either", () => {
  test.each(["rewrap", "clear-all"] as const)("%s says how it is used", async (command) => {
    for (const args of [[], ["--stag", "ada"], ["--stage"]])
      expect(await run(command, ...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`Usage: npm run ${command} -- --stage NAME`),
      })
  })

  test("tells a stage that is not there from one that is", async () => {
    const { code, stderr } = await run("clear-all", "--stage", "bob")
    expect(code).toBe(1)
    expect(stderr).toMatch(/^latchkey: latchkey-bob-audit could not be looked up: there is no such function/)
  })

  test("says in a line what is wrong with a stage's name", async () => {
    const { code, stderr } = await run("clear-all", "--stage", "ADA")
    expect(code).toBe(1)
    expect(stderr).toMatch(/^latchkey: The stage "ADA" cannot be deployed.*\n$/)
  })

  test("takes no cursor but its own", async () => {
    const { stderr } = await run("rewrap", "--stage", "ada", "--after", "x")
    expect(stderr).toContain("`--after` is not what an earlier run has printed")
  })
})
