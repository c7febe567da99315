import {
  BatchGetItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startDynamoDbLocal } from "./servers.ts"

describe("DynamoDB Local", () => {
  const TableName = "records"
  let server: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let db: DynamoDBClient

  beforeAll(async () => {
    server = await startDynamoDbLocal()
    db = new DynamoDBClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    })
    await db.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    )
  })
  afterAll(async () => {
    db?.destroy()
    await server?.stop()
  })

  test("an item that was put is there for the next consistent read", async () => {
    const Item = { id: { S: "one" }, count: { N: "1" } }
    await db.send(new PutItemCommand({ TableName, Item }))

    const read = await db.send(
      new GetItemCommand({ TableName, Key: { id: { S: "one" } }, ConsistentRead: true }),
    )

    expect(read.Item).toEqual(Item)
  })

  test("a put on condition that the id is free is refused, with the item that has it", async () => {
    const Item = { id: { S: "taken" }, owner: { S: "first" } }
    const put = new PutItemCommand({
      TableName,
      Item,
      ConditionExpression: "attribute_not_exists(id)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    })
    await db.send(put)

    await expect(db.send(put)).rejects.toMatchObject({ name: "ConditionalCheckFailedException", Item })
  })

  test("a batch read returns the items that exist, and nothing for one that does not", async () => {
    for (const id of ["a", "b"]) await db.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }))

    const Keys = ["a", "b", "missing"].map((id) => ({ id: { S: id } }))
    const read = await db.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
    )

    expect(read.Responses?.[TableName]?.map((item) => item.id?.S).sort()).toEqual(["a", "b"])
    expect(read.UnprocessedKeys).toEqual({})
  })
})
