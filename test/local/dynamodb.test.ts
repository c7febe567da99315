import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import {
  BatchGetItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb"
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { type CountingProxy, startCountingProxy } from "../../local/counting-proxy.ts"
import { type DynamoDbServer, startDynamoDb } from "../../local/dynamodb.ts"
import { createTables } from "../../local/tables.ts"

const names = { connections: "connections", audit: "audit", usage: "usage" }

const clientOf = (endpoint: string) =>
  new DynamoDBClient({
    region: "us-east-1",
    endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  })

const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } })

describe("the embedded DynamoDB", () => {
  let server: DynamoDbServer
  let client: DynamoDBClient

  beforeAll(async () => {
    server = await startDynamoDb()
    client = clientOf(server.url)
    await createTables(client, names)
  })

  afterAll(async () => {
    client.destroy()
    await server.close()
  })

  test("has the three tables, and making them again changes nothing", async () => {
    await createTables(client, names)
    const { Table } = await client.send(new DescribeTableCommand({ TableName: "audit" }))
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).sort()).toEqual([
      "byActor",
      "byConnection",
    ])
    expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST")
  })

  test("writes on condition, updates only what is named and reads several at once", async () => {
    const Item = { ...key("acme", "smc_1"), name: { S: "a" }, rootKey: { B: Buffer.from([1, 2]) } }
    const put = { TableName: "connections", Item, ConditionExpression: "attribute_not_exists(pk)" }
    await client.send(new PutItemCommand(put))
    await expect(client.send(new PutItemCommand(put))).rejects.toMatchObject({
      name: "ConditionalCheckFailedException",
    })
    await client.send(
      new UpdateItemCommand({
        TableName: "connections",
        Key: key("acme", "smc_1"),
        UpdateExpression: "SET generation = :g, rootKey = if_not_exists(rootKey, :k) ADD version :one",
        ExpressionAttributeValues: {
          ":g": { S: "g1" },
          ":k": { B: Buffer.from([9]) },
          ":one": { N: "1" },
        },
      }),
    )
    const { Responses } = await client.send(
      new BatchGetItemCommand({
        RequestItems: {
          connections: { Keys: [key("acme", "smc_1"), key("acme", "none")], ConsistentRead: true },
        },
      }),
    )
    expect(Responses?.connections).toEqual([
      { ...Item, rootKey: { B: new Uint8Array([1, 2]) }, generation: { S: "g1" }, version: { N: "1" } },
    ])
  })

  test("finds the audit of a connection by time", async () => {
    for (const [n, connection] of ["a", "b", "a"].entries()) {
      const Item = {
        ...key("acme#hour", `${n}`),
        connectionKey: { S: `acme#${connection}` },
        sortKey: { S: `${n}` },
      }
      await client.send(new PutItemCommand({ TableName: "audit", Item }))
    }
    const { Items } = await client.send(
      new QueryCommand({
        TableName: "audit",
        IndexName: "byConnection",
        KeyConditionExpression: "connectionKey = :c AND sortKey BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":c": { S: "acme#a" }, ":from": { S: "0" }, ":to": { S: "9" } },
        ScanIndexForward: false,
      }),
    )
    expect(Items?.map(({ sortKey }) => sortKey?.S)).toEqual(["2", "0"])
  })

  test("answers no web page and no other name", async () => {
    const foreign = await fetch(server.url, { headers: { origin: "https://evil.example" } })
    expect(foreign.status).toBe(403)
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull()
    const rebound = request({ port: server.port, host: "127.0.0.1", headers: { host: "evil.example" } }).end()
    const [answer] = await once(rebound, "response")
    answer.resume()
    expect(answer.statusCode).toBe(403)
  })

  test("outlives a client that goes away in the middle of a request", async () => {
    server.requests.reset()
    const half = request({
      port: server.port,
      host: "127.0.0.1",
      method: "POST",
      headers: { "content-length": 100 },
    })
    half.on("error", () => undefined).write("{")
    await vi.waitFor(() => expect(server.requests.count("/")).toBe(1), { interval: 1 })
    half.destroy()
    const { Item } = await client.send(
      new GetItemCommand({ TableName: "connections", Key: key("acme", "smc_1") }),
    )
    expect(Item?.name).toEqual({ S: "a" })
  })
})

describe("on disk", () => {
  test("every acknowledged write survives kill -9, indexes included", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latchkey-dynamodb-"))
    const writer = spawn(process.execPath, [join(import.meta.dirname, "dynamodb-writer.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    const ended = once(writer, "exit")
    let acknowledged = 0
    for await (const line of createInterface(writer.stdout)) {
      acknowledged = Number(line)
      if (acknowledged === 50) writer.kill("SIGKILL")
    }
    expect((await ended)[1]).toBe("SIGKILL")

    const server = await startDynamoDb({ folder })
    const client = clientOf(server.url)
    await createTables(client, names)
    const count = async (IndexName: string | undefined, name: string, value: string) =>
      (
        await client.send(
          new QueryCommand({
            TableName: "audit",
            IndexName,
            KeyConditionExpression: "#k = :v",
            ExpressionAttributeNames: { "#k": name },
            ExpressionAttributeValues: { ":v": { S: value } },
          }),
        )
      ).Count ?? 0
    expect(acknowledged).toBeGreaterThanOrEqual(50)
    expect(await count(undefined, "pk", "acme")).toBeGreaterThanOrEqual(acknowledged)
    expect(await count("byConnection", "connectionKey", "acme#smc_1")).toBeGreaterThanOrEqual(acknowledged)
    client.destroy()
    await server.close()
    rmSync(folder, { recursive: true })
  })
})

describe("the counting proxy", () => {
  let server: DynamoDbServer
  let proxy: CountingProxy
  let client: DynamoDBClient
  const read = new GetItemCommand({ TableName: "connections", Key: key("acme", "smc_1") })

  beforeAll(async () => {
    server = await startDynamoDb()
    proxy = await startCountingProxy(server.url)
    client = clientOf(proxy.url)
    await createTables(client, names)
  })

  afterEach(() => {
    proxy.faults.mode = "answer"
    proxy.faults.delayMs = 0
  })

  afterAll(async () => {
    client.destroy()
    await proxy.close()
    await server.close()
  })

  test("passes requests on, counted by operation, and anything else by its path", async () => {
    proxy.requests.reset()
    await Promise.all([client.send(read), client.send(read)])
    expect(await (await fetch(`${proxy.url}/health?x=1`)).text()).toContain("healthy")
    expect(proxy.requests.all()).toEqual({ GetItem: 2, "/health": 1 })
    expect([proxy.requests.count("GetItem"), proxy.requests.count()]).toEqual([2, 3])
  })

  test("refuses, never answers, or answers late when told to", async () => {
    proxy.faults.mode = "refuse"
    await expect(client.send(read)).rejects.toThrow()
    proxy.faults.mode = "hang"
    const abort = new AbortController()
    const pending = client.send(read, { abortSignal: abort.signal })
    setImmediate(() => abort.abort())
    await expect(pending).rejects.toMatchObject({ name: "AbortError" })
    proxy.faults.mode = "answer"
    proxy.faults.delayMs = 30
    const began = performance.now()
    await client.send(read)
    expect(performance.now() - began).toBeGreaterThan(25)
  })

  test("cuts the connection where the target does", async () => {
    server.faults.mode = "refuse"
    await expect(client.send(read)).rejects.toThrow()
    server.faults.mode = "answer"
    await client.send(read)
  })
})
