import { type AttributeValue, type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb"
import { readConnectionKey } from "../connections/dynamodb-items.ts"
import { LatchkeyError } from "../errors.ts"
import type { AccountIndex } from "./account-index.ts"

/** Reads the connections' sparse index by account and region, which has their keys, provider and last clear alone. */
export function dynamoAccountIndex(deps: { client: DynamoDBClient; table: string }): AccountIndex {
  const { client, table } = deps
  return {
    async *find(account, region, signal) {
      let start: Record<string, AttributeValue> | undefined
      do {
        const command = new QueryCommand({
          TableName: table,
          IndexName: "byAccount",
          KeyConditionExpression: `awsAccount = :account${region === undefined ? "" : " AND awsRegion = :region"}`,
          ExpressionAttributeValues: {
            ":account": { S: account },
            ...(region !== undefined && { ":region": { S: region } }),
          },
          ExclusiveStartKey: start,
        })
        const reply = await client.send(command, { abortSignal: signal }).catch(unavailable)
        yield (reply.Items ?? []).map((item) => ({
          ...readConnectionKey(item),
          ...(item.clearedAt?.N !== undefined && { clearedAt: Number(item.clearedAt.N) }),
        }))
        start = reply.LastEvaluatedKey
      } while (start !== undefined)
    },
  }
}

function unavailable(cause: unknown): never {
  const message = "The index of accounts could not be reached. Try again shortly."
  throw new LatchkeyError("UNAVAILABLE", message, {}, { cause })
}
