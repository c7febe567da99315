/**
 * Run by dynamodb.test.ts as a process of its own, to be killed: starts DynamoDB on the folder given, then writes items
 * as fast as it can, printing the number of each once its write was acknowledged.
 */
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { createTables } from "../../local/tables.ts"

const server = await startDynamoDb({ folder: process.argv[2] ?? "" })
const client = new DynamoDBClient({
  region: "us-east-1",
  endpoint: server.url,
  credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
})
await createTables(client, { connections: "connections", audit: "audit", usage: "usage" })
for (let n = 1; ; n++) {
  const Item = {
    pk: { S: "acme" },
    sk: { S: String(n).padStart(6, "0") },
    connectionKey: { S: "acme#smc_1" },
    sortKey: { S: String(n).padStart(6, "0") },
  }
  await client.send(new PutItemCommand({ TableName: "audit", Item }))
  process.stdout.write(`${n}\n`)
}
