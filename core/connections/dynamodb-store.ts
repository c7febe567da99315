import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb"
import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import { idTaken } from "./access.ts"
import type { PlatformRecord } from "./connection.ts"
import {
  awsAttributeNames,
  awsAttributes,
  changeAttributes,
  connectionItem,
  connectionKey,
  connectionPrefix,
  type Item,
  platformKey,
  readConnection,
  readPlatform,
  webhookClears,
} from "./dynamodb-items.ts"
import type { ConnectionStore, Snapshot } from "./store.ts"

/** How often keys that DynamoDB leaves unprocessed are asked for, over six seconds, before that counts as an outage. */
const batchAttempts = 8

/** Connections and platform records in one DynamoDB table, a platform's under one partition key. */
export function dynamoConnectionStore(deps: {
  client: DynamoDBClient
  table: string
  clock: Clock
}): ConnectionStore {
  const { client, table, clock } = deps

  return {
    async read(platformId, ids, signal) {
      let pending: Item[] = [platformKey(platformId), ...ids.map((id) => connectionKey(platformId, id))]
      const items: Item[] = []
      for (let attempt = 0; pending.length > 0; attempt++) {
        if (attempt === batchAttempts) throw unavailable()
        if (attempt > 0) await clock.sleep(25 * 2 ** attempt, signal).catch(unavailable)
        const reply = await client
          .send(
            new BatchGetItemCommand({ RequestItems: { [table]: { Keys: pending, ConsistentRead: true } } }),
            signal && { abortSignal: signal },
          )
          .catch(unavailable)
        items.push(...(reply.Responses?.[table] ?? []))
        pending = reply.UnprocessedKeys?.[table]?.Keys ?? []
      }
      return snapshot(platformId, items)
    },

    async page(platformId, { limit, after, backward = false }) {
      const reply = await client
        .send(
          new QueryCommand({
            ...ofPlatform(platformId),
            ConsistentRead: true,
            // One more than is wanted: at its limit DynamoDB names a key to go on from, even where nothing follows.
            Limit: limit + 1,
            ScanIndexForward: !backward,
            ExclusiveStartKey: after === undefined ? undefined : connectionKey(platformId, after),
          }),
        )
        .catch(unavailable)
      const items = reply.Items ?? []
      const connections = items.slice(0, limit).map((item) => readConnection(platformId, item))
      if (backward) connections.reverse()
      return { connections, more: items.length > limit || reply.LastEvaluatedKey !== undefined }
    },

    async count(platformId) {
      let count = 0
      let start: Item | undefined
      do {
        const reply = await client
          .send(
            new QueryCommand({
              ...ofPlatform(platformId),
              Select: "COUNT",
              ConsistentRead: true,
              ExclusiveStartKey: start,
            }),
          )
          .catch(unavailable)
        count += reply.Count ?? 0
        start = reply.LastEvaluatedKey
      } while (start !== undefined)
      return count
    },

    async create(record, requestId) {
      const created = await conditional(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: connectionItem(record, requestId),
            ConditionExpression: "attribute_not_exists(pk)",
          }),
        ),
      )
      if (created || (await writtenBy(record.platformId, record.id, requestId))) return
      throw idTaken()
    },

    async update({ platformId, id }, expected, change, requestId) {
      const { set, remove } = changeAttributes(change, requestId)
      const updated = await conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: connectionKey(platformId, id),
            ...setting(set, remove),
            ConditionExpression: "#version = :wasVersion AND #configId = :wasConfigId",
            ExpressionAttributeValues: {
              ...values(set),
              ":wasVersion": { N: String(expected.version) },
              ":wasConfigId": { S: expected.configId },
            },
          }),
        ),
      )
      return updated || writtenBy(platformId, id, requestId)
    },

    async delete(platformId, id) {
      await client
        .send(new DeleteItemCommand({ TableName: table, Key: connectionKey(platformId, id) }))
        .catch(unavailable)
    },

    renew(platformId, id, generation, tested) {
      const set = { generation: { S: generation }, ...(tested && awsAttributes(tested.aws)) }
      return conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: id === undefined ? platformKey(platformId) : connectionKey(platformId, id),
            ...setting(set, []),
            ConditionExpression: tested
              ? "attribute_exists(pk) AND configId = :tested"
              : "attribute_exists(pk)",
            ExpressionAttributeValues: {
              ...values(set),
              ...(tested && { ":tested": { S: tested.configId } }),
            },
          }),
        ),
      )
    },

    async forgetPlace({ platformId, id, configId, generation }) {
      await conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: connectionKey(platformId, id),
            UpdateExpression: `REMOVE ${awsAttributeNames.join(", ")}`,
            ConditionExpression: "configId = :configId AND generation = :generation",
            ExpressionAttributeValues: { ":configId": { S: configId }, ":generation": { S: generation } },
          }),
        ),
      )
    },

    async setWebhookSecret(platformId, id, sealed) {
      const stored = await conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: connectionKey(platformId, id),
            // A first one is its own predecessor.
            UpdateExpression: "SET webhookBefore = if_not_exists(webhook, :secret), webhook = :secret",
            // Otherwise the SDK's retry would make it the one before.
            ConditionExpression:
              "attribute_exists(pk) AND (attribute_not_exists(webhook) OR webhook <> :secret)",
            ExpressionAttributeValues: { ":secret": { B: sealed } },
          }),
        ),
      )
      if (stored) return true
      const { webhook } = (await readAttribute(platformId, id, "webhook")) ?? {}
      return webhook?.B !== undefined && Buffer.compare(webhook.B, sealed) === 0
    },

    clearByWebhook(platformId, id, { was, clears }, generation) {
      const set = { generation: { S: generation }, webhookClears: webhookClears(clears) }
      const unchanged = was.length > 0 ? "#webhookClears = :was" : "attribute_not_exists(#webhookClears)"
      return conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: connectionKey(platformId, id),
            ...setting(set, []),
            ConditionExpression: `attribute_exists(pk) AND ${unchanged}`,
            ExpressionAttributeValues: {
              ...values(set),
              ...(was.length > 0 && { ":was": webhookClears(was) }),
            },
          }),
        ),
      )
    },

    clearByEvent(platformId, id, { at, effectiveFrom }, generation) {
      const set = { generation: { S: generation }, clearedAt: { N: String(at) } }
      return conditional(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: connectionKey(platformId, id),
            ...setting(set, []),
            ConditionExpression:
              "attribute_exists(pk) AND (attribute_not_exists(clearedAt) OR clearedAt < :effectiveFrom)",
            ExpressionAttributeValues: { ...values(set), ":effectiveFrom": { N: String(effectiveFrom) } },
          }),
        ),
      )
    },

    async ensurePlatform({ platformId, rootKey, generation }) {
      const reply = await client
        .send(
          new UpdateItemCommand({
            TableName: table,
            Key: platformKey(platformId),
            UpdateExpression:
              "SET rootKey = if_not_exists(rootKey, :rootKey), generation = if_not_exists(generation, :generation)",
            ExpressionAttributeValues: { ":rootKey": { B: rootKey }, ":generation": { S: generation } },
            ReturnValues: "ALL_NEW",
          }),
        )
        .catch(unavailable)
      return readPlatform(platformId, reply.Attributes ?? {})
    },
  }

  function ofPlatform(platformId: string) {
    return {
      TableName: table,
      KeyConditionExpression: "pk = :platform AND begins_with(sk, :connections)",
      ExpressionAttributeValues: { ":platform": { S: platformId }, ":connections": { S: connectionPrefix } },
    }
  }

  /** Whether a failed condition is only the SDK's own retry meeting the result of its first attempt. */
  async function writtenBy(platformId: string, id: string, requestId: string): Promise<boolean> {
    return (await readAttribute(platformId, id, "requestId"))?.requestId?.S === requestId
  }

  async function readAttribute(platformId: string, id: string, name: string): Promise<Item | undefined> {
    const reply = await client
      .send(
        new GetItemCommand({
          TableName: table,
          Key: connectionKey(platformId, id),
          ConsistentRead: true,
          ProjectionExpression: name,
        }),
      )
      .catch(unavailable)
    return reply.Item
  }
}

function snapshot(platformId: string, items: Item[]): Snapshot {
  let platform: PlatformRecord | undefined
  const connections = new Map()
  for (const item of items) {
    if (item.sk?.S?.startsWith(connectionPrefix)) {
      const connection = readConnection(platformId, item)
      connections.set(connection.id, connection)
    } else platform = readPlatform(platformId, item)
  }
  return platform ? { platform, connections } : { connections }
}

/** True if the write was done, false if its condition did not hold. */
async function conditional(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw unavailable(error)
  }
}

/** An update expression that sets and removes attributes by placeholders, since some names are reserved words. */
function setting(set: Record<string, AttributeValue>, remove: readonly string[]) {
  const names = [...Object.keys(set), ...remove]
  const assignments = Object.keys(set).map((name) => `#${name} = :${name}`)
  const removals = remove.map((name) => `#${name}`)
  return {
    UpdateExpression: `SET ${assignments.join(", ")}${removals.length > 0 ? ` REMOVE ${removals.join(", ")}` : ""}`,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  }
}

function values(set: Record<string, AttributeValue>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value]))
}

function unavailable(cause?: unknown): never {
  throw new LatchkeyError(
    "UNAVAILABLE",
    "Latchkey's store could not be reached. Try again shortly.",
    {},
    { cause },
  )
}
