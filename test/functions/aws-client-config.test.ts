import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb"
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms"
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { awsClientConfig } from "../../functions/aws-client-config.ts"

const folder = mkdtempSync(join(tmpdir(), "latchkey-aws-config-"))
const file = join(folder, "config")

beforeAll(() => {
  const elsewhere = "endpoint_url = http://elsewhere.example\nuse_fips_endpoint = true\nregion = us-east-1"
  writeFileSync(file, `[default]\n${elsewhere}\n`)
})
beforeEach(() => {
  vi.stubEnv("AWS_CONFIG_FILE", file)
  vi.stubEnv("AWS_REGION", "eu-central-1")
})
afterAll(() => rmSync(folder, { recursive: true }))

const credentials = { accessKeyId: "test", secretAccessKey: "test" }

/** Where a client sends a request, which goes nowhere. */
async function hostAsked(
  send: (requestHandler: { handle(request: { hostname: string }): Promise<never> }) => Promise<unknown>,
): Promise<string | undefined> {
  let hostname: string | undefined
  const handle = (request: { hostname: string }) => {
    hostname = request.hostname
    return Promise.reject(new Error("asked"))
  }
  await send({ handle }).catch(() => {})
  return hostname
}

const clients = {
  DynamoDB: () =>
    hostAsked((requestHandler) =>
      new DynamoDBClient({ ...awsClientConfig("DYNAMODB"), credentials, requestHandler }).send(
        new ListTablesCommand(),
      ),
    ),
  KMS: () =>
    hostAsked((requestHandler) =>
      new KMSClient({ ...awsClientConfig("KMS"), credentials, requestHandler }).send(new ListKeysCommand()),
    ),
}

describe.each(Object.entries(clients))("the functions' client of %s", (name, asked) => {
  const service = name.toLowerCase()

  test("asks AWS in the function's region, whatever a file of the home folder says", async () => {
    expect(await asked()).toBe(`${service}.eu-central-1.amazonaws.com`)
  })

  test("asks where the sandbox's variable says", async () => {
    vi.stubEnv(`AWS_ENDPOINT_URL_${name.toUpperCase()}`, "http://127.0.0.1:4566")
    expect(await asked()).toBe("127.0.0.1")
  })
})
