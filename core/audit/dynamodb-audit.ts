import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb"
import { type AuditItem, type AuditStore, positionOf, timePosition } from "./audit.ts"
import { actorKey, connectionKey, hourKey, readPage } from "./dynamodb-page.ts"

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
    async append(item, signal) {
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: toItem(item, retentionDays),
            ConditionExpression: "attribute_not_exists(pk)",
          }),
          signal && { abortSignal: signal },
        )
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error
      }
    },

    page: (query, options) => readPage({ client, table }, query, options),
  }
}

function toItem(event: AuditItem, retentionDays: number): Record<string, AttributeValue> {
  const { platformId, actor, connectionId, requestId, action, at, item: _inKey, ...rest } = event
  const sortKey = { S: positionOf(event) }
  return {
    pk: { S: hourKey(platformId, timePosition(at)) },
    sk: sortKey,
    sortKey,
    actorKey: { S: actorKey(platformId, actor) },
    ...(connectionId && {
      connectionKey: { S: connectionKey(platformId, connectionId) },
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
