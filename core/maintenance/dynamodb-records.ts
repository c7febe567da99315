import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb"
import { connectionKey, connectionPrefix, platformKey } from "../connections/dynamodb-items.ts"
import { LatchkeyError } from "../errors.ts"
import type { Records, WrappedKey } from "./records.ts"

type Item = Record<string, AttributeValue>

/** Over the connections' table. Of a record nothing is read but its key and what is wrapped, and nothing else written. */
export function dynamoRecords(deps: {
  client: DynamoDBClient
  table: string
  /** Records read at a time. @default 200 */
  pageSize?: number
}): Records {
  const { client, table, pageSize = 200 } = deps
  return {
    async page(after) {
      const reply = await client.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          Limit: pageSize,
          ProjectionExpression: "pk, sk, rootKey, #config.wrappedKey",
          ExpressionAttributeNames: { "#config": "config" },
          ExclusiveStartKey: after === undefined ? undefined : startKey(after),
        }),
      )
      const last = reply.LastEvaluatedKey
      return { keys: (reply.Items ?? []).flatMap(keyOf), ...(last && { next: cursorOf(last) }) }
    },

    async replace(key, by) {
      const { platformId, connectionId, wrapped } = key
      const [path, names] =
        connectionId === undefined
          ? (["rootKey", undefined] as const)
          : (["#config.wrappedKey", { "#config": "config" }] as const)
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key:
              connectionId === undefined ? platformKey(platformId) : connectionKey(platformId, connectionId),
            UpdateExpression: `SET ${path} = :by`,
            ConditionExpression: `${path} = :was`,
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: { ":by": { B: by }, ":was": { B: wrapped } },
          }),
        )
        return true
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false
        throw error
      }
    },
  }
}

/** What is neither a platform's record nor a connection's has no key. */
function keyOf({ pk, sk, rootKey, config }: Item): WrappedKey[] {
  const platformId = pk?.S ?? ""
  const place = sk?.S ?? ""
  if (place === "platform" && rootKey?.B) return [{ platformId, wrapped: rootKey.B }]
  const wrapped = config?.M?.wrappedKey?.B
  if (!place.startsWith(connectionPrefix) || !wrapped) return []
  return [{ platformId, connectionId: place.slice(connectionPrefix.length), wrapped }]
}

const cursorOf = ({ pk, sk }: Item): string =>
  Buffer.from(JSON.stringify([pk?.S, sk?.S])).toString("base64url")

function startKey(cursor: string): Item {
  try {
    const [pk, sk, ...rest]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString())
    if (typeof pk === "string" && typeof sk === "string" && rest.length === 0)
      return { pk: { S: pk }, sk: { S: sk } }
  } catch {
    // said below
  }
  throw new LatchkeyError(
    "VALIDATION",
    "`--after` is not what an earlier run has printed. Copy it again, whole.",
  )
}
