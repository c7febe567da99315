import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb"
import { canonical } from "../crypto/canonical.ts"
import type { AuditItem, AuditStore } from "./audit.ts"

/**
 * Appends to a table keyed by platform and hour, with two indexes sorted by time: by platform and connection, by
 * platform and actor. The key ends in request id and item number; that it exists already is the SDK's own retry
 * meeting its first attempt.
 */
export function dynamoAuditStore(deps: {
  client: DynamoDBClient
  table: string
  retentionDays: number
}): AuditStore {
  const { client, table, retentionDays } = deps
  return {
    async append(item) {
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: toItem(item, retentionDays),
            ConditionExpression: "attribute_not_exists(pk)",
          }),
        )
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error
      }
    },
  }
}

function toItem(event: AuditItem, retentionDays: number): Record<string, AttributeValue> {
  const { platformId, actor, connectionId, requestId, action, at, item, ...rest } = event
  const time = new Date(at).toISOString()
  const sortKey = { S: `${time}#${requestId}#${item}` }
  return {
    pk: { S: canonical([platformId, time.slice(0, 13)]) },
    sk: sortKey,
    sortKey,
    actorKey: { S: canonical([platformId, actor]) },
    ...(connectionId && {
      connectionKey: { S: canonical([platformId, connectionId]) },
      connectionId: { S: connectionId },
    }),
    platformId: { S: platformId },
    actor: { S: actor },
    action: { S: action },
    requestId: { S: requestId },
    detail: { S: JSON.stringify(rest) },
    expires: { N: String(Math.floor(at / 1000) + retentionDays * 86_400) },
  }
}
