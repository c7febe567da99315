import { createHash } from "node:crypto"
import { type AttributeValue, BatchWriteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { canonical } from "../crypto/canonical.ts"
import type { UsageStore, Use } from "./usage.ts"

const perCall = 25
const keptDays = 90

/** One item per connection, project and path, under the connection's partition key; it expires 90 days after its last use. */
export function dynamoUsageStore(deps: { client: DynamoDBClient; table: string }): UsageStore {
  const { client, table } = deps
  return {
    async touch(uses, at) {
      const items = uses.map((use) => ({ PutRequest: { Item: toItem(use, at) } }))
      const calls = []
      for (let start = 0; start < items.length; start += perCall) {
        const batch = { RequestItems: { [table]: items.slice(start, start + perCall) } }
        calls.push(client.send(new BatchWriteItemCommand(batch)))
      }
      const replies = await Promise.all(calls)
      if (replies.some((reply) => Object.keys(reply.UnprocessedItems ?? {}).length > 0))
        throw new Error("DynamoDB left usage items unprocessed.")
    },
  }
}

function toItem(
  { platformId, connectionId, projectId, path }: Use,
  at: number,
): Record<string, AttributeValue> {
  return {
    pk: { S: canonical([platformId, connectionId]) },
    // A path may be longer than a sort key (1,024 bytes), so its hash stands there.
    sk: {
      S: createHash("sha256")
        .update(canonical([projectId ?? "", path]))
        .digest("base64url"),
    },
    ...(projectId !== undefined && { projectId: { S: projectId } }),
    path: { S: path },
    lastResolvedAt: { S: new Date(at).toISOString() },
    expires: { N: String(Math.floor(at / 1000) + keptDays * 86_400) },
  }
}
