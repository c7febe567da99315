import { createHash } from "node:crypto"
import {
  type AttributeValue,
  BatchWriteItemCommand,
  type DynamoDBClient,
  QueryCommand,
} from "@aws-sdk/client-dynamodb"
import { canonical } from "../crypto/canonical.ts"
import { LatchkeyError } from "../errors.ts"
import { settled } from "../settle.ts"
import type { LastUse, UsageStore, Use } from "./usage.ts"

const perCall = 25
const keptDays = 90

/** One item per connection, project and path, under the connection's partition key; it expires 90 days after its last use. */
export function dynamoUsageStore(deps: { client: DynamoDBClient; table: string }): UsageStore {
  const { client, table } = deps
  return {
    async touch(uses, at, signal) {
      const items = uses.map((use) => ({ PutRequest: { Item: toItem(use, at) } }))
      const calls = []
      for (let start = 0; start < items.length; start += perCall) {
        const batch = { RequestItems: { [table]: items.slice(start, start + perCall) } }
        calls.push(client.send(new BatchWriteItemCommand(batch), signal && { abortSignal: signal }))
      }
      const replies = await settled(calls)
      if (replies.some((reply) => Object.keys(reply.UnprocessedItems ?? {}).length > 0))
        throw new Error("DynamoDB left usage items unprocessed.")
    },

    async page(connection, { limit, after, now, signal }) {
      const pk = { S: keyOf(connection) }
      const query = new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        // What has expired may stay for days until DynamoDB gets to it.
        FilterExpression: "#expires > :now",
        ExpressionAttributeNames: { "#expires": "expires" },
        ExpressionAttributeValues: { ":pk": pk, ":now": { N: String(Math.floor(now / 1000)) } },
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: { pk, sk: { S: after } } }),
      })
      const reply = await client.send(query, signal && { abortSignal: signal }).catch(unavailable)
      const next = reply.LastEvaluatedKey?.sk?.S
      return { uses: (reply.Items ?? []).map(toUse), ...(next !== undefined && { next }) }
    },
  }
}

const keyOf = ({ platformId, connectionId }: Pick<Use, "platformId" | "connectionId">) =>
  canonical([platformId, connectionId])

function toUse({ projectId, path, lastResolvedAt }: Record<string, AttributeValue>): LastUse {
  return {
    ...(projectId?.S !== undefined && { projectId: projectId.S }),
    path: path?.S ?? "",
    lastResolvedAt: lastResolvedAt?.S ?? "",
  }
}

function unavailable(cause: unknown): never {
  const message = "The record of what uses which secret could not be reached. Try again shortly."
  throw new LatchkeyError("UNAVAILABLE", message, {}, { cause })
}

function toItem(
  { platformId, connectionId, projectId, path }: Use,
  at: number,
): Record<string, AttributeValue> {
  return {
    pk: { S: keyOf({ platformId, connectionId }) },
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
