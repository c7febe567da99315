import { describe } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { dynamoAccountIndex } from "../../core/rotation/dynamodb-account-index.ts"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { createTables } from "../../local/tables.ts"
import { loadRecords, sdk, tables } from "./dynamodb-subject.ts"
import { dynamoStoreSuite } from "./dynamodb-suite.ts"
import { connectionStoreSuite } from "./store-suite.ts"

describe("the store over the sandbox's DynamoDB", () => {
  connectionStoreSuite(async () => {
    const server = await startDynamoDb()
    const client = sdk(server.url)
    await createTables(client, tables)
    return {
      store: dynamoConnectionStore({ client, table: tables.connections, clock: systemClock }),
      accounts: dynamoAccountIndex({ client, table: tables.connections }),
      load: (records) => loadRecords(client, records),
      stop: async () => {
        client.destroy()
        await server.close()
      },
    }
  })

  dynamoStoreSuite(async () => {
    const { url, close } = await startDynamoDb()
    return { url, stop: close }
  })
})
