import type { IncomingHttpHeaders } from "node:http"
import type { Action } from "./policy.ts"

const region = "us-east-1"
const account = "123456789012"

/** What a request asks of AWS, in IAM's words. The service is the first part of the host's name. */
export function actionOf(service: string, headers: IncomingHttpHeaders, body: Buffer): Action {
  const operation = String(headers["x-amz-target"] ?? "").split(".")[1] ?? ""
  switch (service) {
    case "dynamodb":
      return { name: `dynamodb:${operation}`, resources: tablesIn(JSON.parse(body.toString())), context: {} }
    case "kms": {
      const { KeyId, EncryptionContext = {} } = JSON.parse(body.toString())
      const context = Object.entries<string>(EncryptionContext).map(([name, value]) => [
        `kms:EncryptionContext:${name}`,
        value,
      ])
      return { name: `kms:${operation}`, resources: [KeyId], context: Object.fromEntries(context) }
    }
    case "sts": {
      const form = new URLSearchParams(body.toString())
      const externalId = form.get("ExternalId")
      return {
        name: `sts:${form.get("Action")}`,
        resources: [form.get("RoleArn") ?? ""],
        context: externalId === null ? {} : { "sts:ExternalId": externalId },
      }
    }
    default:
      return { name: `${service}:${operation}`, resources: [service], context: {} }
  }
}

interface DynamoDbRequest {
  TableName?: string
  IndexName?: string
  RequestItems?: Record<string, unknown>
}

function tablesIn({ TableName, IndexName, RequestItems }: DynamoDbRequest): string[] {
  const names = TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName]
  const index = IndexName === undefined ? "" : `/index/${IndexName}`
  return names.map((name) => `arn:aws:dynamodb:${region}:${account}:table/${name}${index}`)
}
