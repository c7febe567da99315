import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import type { AuditItem } from "../../core/audit/audit.ts"
import { dynamoAuditStore } from "../../core/audit/dynamodb-audit.ts"

const minute = 60_000
const vault = "sandboxHashicorp00000"
const aws = "sandboxAws00000000000"

/** Stores records in the audit of the sandbox at this DynamoDB, as if they were from then. */
export async function recordPast(dynamodbUrl: string, items: readonly AuditItem[]): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: dynamodbUrl,
    region: "us-east-1",
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  })
  const store = dynamoAuditStore({ client, table: "latchkey-audit", retentionDays: 400 })
  for (let at = 0; at < items.length; at += 25)
    await Promise.all(items.slice(at, at + 25).map((item) => store.append(item)))
  client.destroy()
}

/**
 * What a platform leaves behind in the hours before `now`: flows that resolve, some of which fail, are answered with old
 * values or denied, and an admin at work.
 */
export function pastOf(now: number, hours: number): AuditItem[] {
  return Array.from({ length: hours * 12 }, (_, index) =>
    requestAt(now - (index + 1) * 5 * minute, index),
  ).flat()
}

function requestAt(at: number, index: number): AuditItem[] {
  const first = { platformId: "acme", requestId: `req_past_${index}`, at, item: 0 }
  const after = { ...first, at: at + 40, item: 1 }
  const connectionId = index % 3 === 0 ? aws : vault
  const path = index % 3 === 0 ? "prod/db#password" : "secret/data/app/api_key/value"
  const resolve = {
    actor: "flows@acme",
    action: "secret.resolve",
    connectionId,
    projectId: "checkout",
  } as const
  const asked: AuditItem = { ...first, ...resolve, paths: [{ path, count: 1 }] }
  if (index % 41 === 7)
    return [
      {
        ...first,
        actor: "=cmd@acme",
        action: "denied",
        operation: "deleteConnection",
        code: "AUTHORIZATION",
      },
    ]
  if (index % 37 === 5)
    return [
      {
        ...first,
        actor: "ada@acme",
        action: "connection.tested",
        connectionId,
        host: "vault.acme.example:8200",
      },
    ]
  if (index % 11 === 3) {
    const failed = { connectionId, path, code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "SEALED" } as const
    return [asked, { ...after, ...resolve, outcomes: [failed] }]
  }
  if (index % 13 === 4)
    return [asked, { ...after, ...resolve, outcomes: [{ connectionId, path, source: "stale" }] }]
  if (index % 7 === 2)
    return [
      asked,
      { ...after, ...resolve, outcomes: [{ connectionId, path, source: "provider", version: "3" }] },
    ]
  return [asked]
}
