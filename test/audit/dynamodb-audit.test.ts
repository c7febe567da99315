import { describe } from "vitest"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { dynamoAuditSuite } from "./dynamodb-audit-suite.ts"

describe("the audit in the sandbox's DynamoDB", () => {
  dynamoAuditSuite(async () => {
    const { url, close } = await startDynamoDb()
    return { url, stop: close }
  })
})
