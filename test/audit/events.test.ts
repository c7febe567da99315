import { readFileSync } from "node:fs"
import type { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb"
import { expect, test } from "vitest"
import type { AuditItem } from "../../core/audit/audit.ts"
import { dynamoAuditStore } from "../../core/audit/dynamodb-audit.ts"
import { matchesPattern } from "../support/event-pattern.ts"

const [pattern, example] = [...readFileSync("docs/audit.md", "utf8").matchAll(/```json\n(.*?)```/gs)].map(
  ([, json = ""]) => JSON.parse(json),
)

/** The event that the pipe makes of a record, as it is stored. */
async function eventOf(item: AuditItem) {
  let stored: PutItemCommand["input"]["Item"]
  const send = async ({ input }: PutItemCommand) => {
    stored = input.Item
  }
  const client = { send } as unknown as DynamoDBClient
  await dynamoAuditStore({ client, table: "audit", retentionDays: 400 }).append(item)
  return { "detail-type": "Audit record", source: "latchkey.production", detail: { record: stored } }
}

const denied: AuditItem = {
  platformId: "acme",
  actor: "ada",
  action: "denied",
  requestId: "req_3kXc0Yq8m1TtB9wZ5uVhaA",
  operation: "deleteConnection",
  code: "AUTHORIZATION",
  at: Date.UTC(2026, 0, 31, 23, 59, 59, 7),
  item: 0,
}

test("an event has the record as the documentation shows it", async () => {
  expect(await eventOf(denied)).toMatchObject(example)
})

test("the documentation's pattern finds denied attempts and nothing else", async () => {
  expect(matchesPattern(pattern, await eventOf(denied))).toBe(true)
  expect(matchesPattern(pattern, await eventOf({ ...denied, action: "cache.cleared" }))).toBe(false)
})
