import { describe } from "vitest"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { dynamoUsageSuite } from "./dynamodb-usage-suite.ts"

describe("the usage in the sandbox's DynamoDB", () => {
  dynamoUsageSuite(async () => {
    const { url, close } = await startDynamoDb()
    return { url, stop: close }
  })
})
