import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb"

export interface TableNames {
  connections: string
  audit: string
  usage: string
}

/** Names of the audit's indexes: who did what with a connection, and what an actor did, each by time. */
export const auditIndexes = { byConnection: "byConnection", byActor: "byActor" } as const

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
  return [
    table(names.connections),
    table(names.audit, [
      { name: auditIndexes.byConnection, hash: "connectionKey", range: "sortKey" },
      { name: auditIndexes.byActor, hash: "actorKey", range: "sortKey" },
    ]),
    table(names.usage),
  ]
}

interface Index {
  name: string
  hash: string
  range: string
}

/** Every key is a string; every table is keyed by `pk` and `sk`. */
function table(name: string, indexes: readonly Index[] = []): CreateTableCommandInput {
  const attributes = new Set(["pk", "sk", ...indexes.flatMap(({ hash, range }) => [hash, range])])
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: keys("pk", "sk"),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(({ name, hash, range }) => ({
        IndexName: name,
        KeySchema: keys(hash, range),
        Projection: { ProjectionType: "ALL" as const },
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
