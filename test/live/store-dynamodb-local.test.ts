import { afterAll, beforeAll, describe } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { dynamoAccountIndex } from "../../core/rotation/dynamodb-account-index.ts"
import { createTables } from "../../local/tables.ts"
import { dynamoAuditSuite } from "../audit/dynamodb-audit-suite.ts"
import { loadRecords, sdk, tables } from "../connections/dynamodb-subject.ts"
import { dynamoStoreSuite } from "../connections/dynamodb-suite.ts"
import { connectionStoreSuite } from "../connections/store-suite.ts"
import { dynamoUsageSuite } from "../usage/dynamodb-usage-suite.ts"
import { startDynamoDbLocal } from "./servers.ts"

describe("over DynamoDB Local", () => {
  let server: Awaited<ReturnType<typeof startDynamoDbLocal>>

  beforeAll(async () => {
    server = await startDynamoDbLocal()
  })
  afterAll(() => server?.stop())

  const shared = async () => ({ url: server.url, stop: async () => {} })

  describe("the store", () => {
    connectionStoreSuite(async () => {
      const client = sdk(server.url)
      await createTables(client, tables)
      return {
        store: dynamoConnectionStore({ client, table: tables.connections, clock: systemClock }),
        accounts: dynamoAccountIndex({ client, table: tables.connections }),
        load: (records) => loadRecords(client, records),
        stop: async () => client.destroy(),
      }
    })
  })
  describe("the store and its failures", () => dynamoStoreSuite(shared))
  describe("the audit", () => dynamoAuditSuite(shared))
  describe("the usage", () => dynamoUsageSuite(shared))
})
