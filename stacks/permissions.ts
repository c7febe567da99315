import type { OperationId } from "../core/contract/routes.ts"
import type { TableName } from "./tables.ts"

/** Every function: one for each operation, and three that have no route. */
export type FunctionId = OperationId | "authorizer" | "resolveDirect" | "rotationEvents"

/** What a role may do. Resources are named by what they are; `functions.ts` knows their ARNs. */
export interface Grant {
  actions: readonly string[]
  on:
    | TableName
    | "index by account"
    | "audit's indexes"
    | "key"
    | "roles of tenants"
    | "functions' network interfaces"
    | "traces"
    | "rotation queue"
  /** Holds only where each of these holds too: of the request's context key, one of the values. */
  where?: readonly { test: "StringEquals" | "Null"; variable: string; values: readonly string[] }[]
}

const read: Grant = { actions: ["dynamodb:BatchGetItem"], on: "connections" }
/** A platform's connections by their partition, counted or page by page. */
const list: Grant = { actions: ["dynamodb:Query"], on: "connections" }
const update: Grant = { actions: ["dynamodb:UpdateItem"], on: "connections" }
/** With a read of its own: whether a condition failed only because the SDK's first attempt had succeeded. */
const create: Grant = { actions: ["dynamodb:PutItem", "dynamodb:GetItem"], on: "connections" }
const change: Grant = { actions: ["dynamodb:UpdateItem", "dynamodb:GetItem"], on: "connections" }
const remove: Grant = { actions: ["dynamodb:DeleteItem"], on: "connections" }
/** Append-only: a function can neither read nor change what it has recorded. */
const record: Grant = { actions: ["dynamodb:PutItem"], on: "audit" }
const readAudit: readonly Grant[] = [
  { actions: ["dynamodb:Query"], on: "audit" },
  { actions: ["dynamodb:Query"], on: "audit's indexes" },
]
const touch: Grant = { actions: ["dynamodb:BatchWriteItem"], on: "usage" }
const readUsage: Grant = { actions: ["dynamodb:Query"], on: "usage" }

const openPlatform = onKeys("kms:Decrypt", "platform")
const openConfig = onKeys("kms:Decrypt", "config")
const makeConfig = onKeys("kms:GenerateDataKey", "config")
const makePlatform = onKeys("kms:GenerateDataKey", "platform")

/** Into the accounts of tenants, which cannot be known: the roles there decide, by principal and external id. */
const assume: Grant = {
  actions: ["sts:AssumeRole"],
  on: "roles of tenants",
  where: [{ test: "Null", variable: "sts:ExternalId", values: ["false"] }],
}
/** A test has to try without an external id too, to refuse a role that does not demand it. */
const assumeOnTrial: Grant = { actions: ["sts:AssumeRole"], on: "roles of tenants" }

const fetches = [read, openPlatform, openConfig, assume]
const resolves = [...fetches, record, touch]

/** What each function's role may do, and nothing else. Whoever may deny a caller records that: all but those open to anyone. */
export const permissions: Record<FunctionId, readonly Grant[]> = {
  authorizer: [],
  document: [],
  listProviders: [],
  // It tests those of which nothing is known, and getting one does too.
  listConnections: [read, list, openPlatform, openConfig, assumeOnTrial, record],
  getConnection: [read, openPlatform, openConfig, assumeOnTrial, record],
  createConnection: [
    read,
    list,
    create,
    update,
    openPlatform,
    makePlatform,
    makeConfig,
    assumeOnTrial,
    record,
  ],
  updateConnection: [read, change, openPlatform, openConfig, makeConfig, assumeOnTrial, record],
  deleteConnection: [read, remove, record],
  // Counted by a name that takes the platform's key, which a platform without connections has to get.
  testUnsaved: [read, update, openPlatform, makePlatform, assumeOnTrial, record],
  testConnection: [read, update, openPlatform, openConfig, assumeOnTrial, record],
  clearCache: [read, update, record],
  resolve: resolves,
  resolveDirect: resolves,
  validate: [...fetches, record],
  browse: [...fetches, record],
  usage: [read, openPlatform, readUsage, record],
  // A platform without connections has an audit too, and gets its key to seal cursors with.
  audit: [...readAudit, read, update, openPlatform, makePlatform, record],
  webhookSecret: [read, change, openPlatform, record],
  rotated: [read, update, openPlatform, record],
  rotationEvents: [
    // Alone across platforms: what the index holds are keys, provider and time.
    { actions: ["dynamodb:Query"], on: "index by account" },
    update,
    record,
    // For Lambda, which takes them from there.
    { actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], on: "rotation queue" },
  ],
}

/** Whether a function may do anything at all with it. */
export const mayUse = (id: FunctionId, on: Grant["on"]): boolean =>
  permissions[id].some((grant) => grant.on === on)

/** Whether it contacts secret managers: in the accounts of tenants too, which takes a grant. */
export const asksSecretManagers = (id: FunctionId): boolean => mayUse(id, "roles of tenants")

/** For a stage with a VPC: AWS has no narrower resource for the interfaces that Lambda makes on a role's behalf. */
export const networkGrant: Grant = {
  actions: [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ],
  on: "functions' network interfaces",
}

/** For a stage with tracing: X-Ray has no resources to name. */
export const tracingGrant: Grant = {
  actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
  on: "traces",
}

/** Keys of one purpose: which it is stands in their encryption context. */
function onKeys(action: string, purpose: "platform" | "config"): Grant {
  return {
    actions: [action],
    on: "key",
    where: [{ test: "StringEquals", variable: "kms:EncryptionContext:purpose", values: [purpose] }],
  }
}
