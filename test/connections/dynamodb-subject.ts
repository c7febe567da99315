import { BatchWriteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { afterAll, beforeAll, beforeEach } from "vitest"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import { connectionItem } from "../../core/connections/dynamodb-items.ts"
import { newRequestId } from "../../core/ids.ts"
import { createTables } from "../../local/tables.ts"
import { type DynamoProxy, startDynamoProxy } from "./dynamodb-proxy.ts"

/** Starts a DynamoDB: the sandbox's, or Amazon's own for one machine. */
export type StartDynamo = () => Promise<{ url: string; stop(): Promise<void> }>

export const tables = { connections: "connections", audit: "audit", usage: "usage" }

export interface DynamoSubject {
  /** Asks through the proxy. */
  client: DynamoDBClient
  proxy: DynamoProxy
  /** What was asked since the test began. */
  operations(): string[]
}

/** A DynamoDB with its tables, behind a proxy, for the tests of the surrounding `describe`. */
export function dynamoSubject(start: StartDynamo): DynamoSubject {
  const closing: (() => unknown)[] = []
  const subject = {
    operations: () => subject.proxy.requests.map(({ operation }) => operation),
  } as DynamoSubject

  beforeAll(async () => {
    const server = await start()
    closing.push(() => server.stop())
    subject.proxy = await startDynamoProxy(server.url)
    closing.push(() => subject.proxy.stop())
    subject.client = sdk(subject.proxy.url)
    closing.push(() => subject.client.destroy())
    await createTables(subject.client, tables)
  })
  beforeEach(() => subject.proxy.reset())
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  })
  return subject
}

/** As a function makes it (functions/app.ts). */
export function sdk(endpoint: string, maxAttempts = 3): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    maxAttempts,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  })
}

/** Stores many connections at once, as creation would have. */
export async function loadRecords(
  client: DynamoDBClient,
  records: readonly ConnectionRecord[],
): Promise<void> {
  for (let start = 0; start < records.length; start += 25) {
    const requests = records
      .slice(start, start + 25)
      .map((record) => ({ PutRequest: { Item: connectionItem(record, newRequestId()) } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tables.connections]: requests } }))
  }
}
