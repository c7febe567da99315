import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb"
import { type TableDefinition, type TableName, tables } from "../stacks/tables.ts"

export type TableNames = Record<TableName, string>

/** Makes the three tables where they are missing, as `stacks/` does on AWS, and waits until they can be used. */
export async function createTables(client: DynamoDBClient, names: TableNames): Promise<void> {
  await Promise.all(
    definitions(names).map(async (definition) => {
      try {
        await client.send(new CreateTableCommand(definition))
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error
      }
      await waitUntilTableExists(
        { client, minDelay: 0.05, maxDelay: 1, maxWaitTime: 30 },
        { TableName: definition.TableName },
      )
    }),
  )
}

function definitions(names: TableNames): CreateTableCommandInput[] {
  const all = Object.entries(tables) as [TableName, TableDefinition][]
  return all.map(([table, definition]) => createInput(names[table], definition))
}

function createInput(name: string, { indexes }: TableDefinition): CreateTableCommandInput {
  const attributes = new Set(["pk", "sk", ...indexes.flatMap(({ hash, range }) => [hash, range])])
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: keys("pk", "sk"),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(({ name, hash, range, holds }) => ({
        IndexName: name,
        KeySchema: keys(hash, range),
        Projection: holds
          ? { ProjectionType: "INCLUDE" as const, NonKeyAttributes: [...holds] }
          : { ProjectionType: "ALL" as const },
      })),
    }),
  }
}

function keys(hash: string, range: string): CreateTableCommandInput["KeySchema"] {
  return [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: range, KeyType: "RANGE" },
  ]
}
