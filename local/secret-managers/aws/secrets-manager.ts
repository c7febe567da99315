import { isObject, type Json, own } from "../../../core/json.ts"
import { allows, authorize } from "./iam.ts"
import { page } from "./pages.ts"
import { AwsError, type Call, needed, seconds, text, texts } from "./protocol.ts"
import {
  addVersion,
  createSecret,
  hasValue,
  liveSecretFor,
  moveStage,
  removeSecret,
  secretFor,
  secretsOf,
  versionIn,
} from "./secrets.ts"
import type { StoredSecret } from "./state.ts"

type Output = { [key: string]: unknown }

/**
 * The operations of Secrets Manager on secrets and their versions; not replication, rotation, tags and resource policies.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */
export const secretsManagerOperations: Readonly<Record<string, (call: Call) => Output>> = {
  GetSecretValue: (call) => {
    const { input } = call
    const secret = liveSecretFor(call, "GetSecretValue")
    return valueIn(secret, { id: text(input, "VersionId"), stage: text(input, "VersionStage") })
  },

  BatchGetSecretValue: batchGetSecretValue,

  ListSecrets: (call) => {
    authorize(call, "secretsmanager:ListSecrets", "*")
    const { input } = call
    const planned = own(input, "IncludePlannedDeletion") === true
    const matching = filtered(call).filter(({ deleted }) => planned || deleted === undefined)
    const sorted = sortedBy(
      matching,
      text(input, "SortBy") ?? "created-date",
      text(input, "SortOrder") ?? "desc",
    )
    const { items, next } = page(call, sorted, { usual: 100, most: 100 })
    return { SecretList: items.map(described), ...next }
  },

  DescribeSecret: (call) => described(secretFor(call, "DescribeSecret")),

  CreateSecret: (call) => {
    const { secret, versionId } = createSecret(call)
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId }
  },

  PutSecretValue: (call) => {
    const secret = liveSecretFor(call, "PutSecretValue")
    const id = addVersion(call, secret, texts(call.input, "VersionStages"))
    const stages = secret.versions.get(id)?.stages ?? []
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: stages }
  },

  UpdateSecret: (call) => {
    const secret = liveSecretFor(call, "UpdateSecret")
    secret.description = text(call.input, "Description") ?? secret.description
    const id = hasValue(call) ? addVersion(call, secret) : undefined
    return { ARN: secret.arn, Name: secret.name, VersionId: id }
  },

  UpdateSecretVersionStage: (call) => {
    const secret = liveSecretFor(call, "UpdateSecretVersionStage")
    const to = text(call.input, "MoveToVersionId")
    if (to !== undefined) versionIn(secret, { id: to })
    moveStage(secret, needed(call.input, "VersionStage"), to)
    return { ARN: secret.arn, Name: secret.name }
  },

  ListSecretVersionIds: (call) => {
    const secret = secretFor(call, "ListSecretVersionIds")
    const all = own(call.input, "IncludeDeprecated") === true
    const versions = [...secret.versions].filter(([, { stages }]) => all || stages.length > 0)
    return {
      ARN: secret.arn,
      Name: secret.name,
      Versions: versions.map(([id, { created, stages }]) => ({
        VersionId: id,
        CreatedDate: created,
        VersionStages: stages,
      })),
    }
  },

  DeleteSecret: (call) => {
    const { input, clock } = call
    const secret = liveSecretFor(call, "DeleteSecret")
    const days = own(input, "RecoveryWindowInDays") ?? 30
    if (own(input, "ForceDeleteWithoutRecovery") === true) {
      removeSecret(call, secret)
      return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(clock) }
    }
    if (typeof days !== "number" || days < 7 || days > 30) {
      throw new AwsError(
        "InvalidParameterException",
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
      )
    }
    secret.deleted = seconds(clock)
    return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.deleted + days * 86_400 }
  },

  RestoreSecret: (call) => {
    const secret = secretFor(call, "RestoreSecret")
    delete secret.deleted
    return { ARN: secret.arn, Name: secret.name }
  },
}

function batchGetSecretValue(call: Call): Output {
  const { input, caller } = call
  authorize(call, "secretsmanager:BatchGetSecretValue", "*")
  const ids = texts(input, "SecretIdList")
  if ((ids === undefined) === (own(input, "Filters") === undefined)) {
    throw new AwsError(
      "InvalidParameterException",
      "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
    )
  }
  if (ids && (ids.length < 1 || ids.length > 20)) {
    throw new AwsError(
      "ValidationException",
      "1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20",
    )
  }
  if (ids === undefined) authorize(call, "secretsmanager:ListSecrets", "*")
  const wanted =
    ids ??
    filtered(call)
      .filter(({ arn }) =>
        caller.policies.every((policy) => allows(policy, "secretsmanager:GetSecretValue", arn)),
      )
      .map(({ arn }) => arn)
  const { items, next } = page(call, [...new Set(wanted)], { usual: 20, most: 20 })
  const values: Output[] = []
  const errors: Output[] = []
  for (const id of items) {
    try {
      values.push(valueIn(liveSecretFor(call, "GetSecretValue", id), {}))
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message })
    }
  }
  return { SecretValues: values, Errors: errors, ...next }
}

function valueIn(secret: StoredSecret, wanted: Parameters<typeof versionIn>[1]): Output {
  const { id, version } = versionIn(secret, wanted)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: id,
    SecretString: version.string,
    SecretBinary: version.binary,
    VersionStages: version.stages,
    CreatedDate: version.created,
  }
}

function described({ arn, name, description, created, changed, deleted, versions }: StoredSecret): Output {
  return {
    ARN: arn,
    Name: name,
    Description: description,
    CreatedDate: created,
    LastChangedDate: changed,
    DeletedDate: deleted,
    VersionIdsToStages: Object.fromEntries([...versions].map(([id, { stages }]) => [id, stages])),
    SecretVersionsToStages: Object.fromEntries([...versions].map(([id, { stages }]) => [id, stages])),
  }
}

/** Filters on names, which compare beginnings; `!` in front turns one around. @throws AwsError for others */
function filtered(call: Call): StoredSecret[] {
  const filters = own(call.input, "Filters") ?? []
  if (!Array.isArray(filters)) throw new AwsError("SerializationException", "Filters must be a list.")
  return secretsOf(call).filter((secret) => filters.every((filter) => passes(secret, filter)))
}

function passes({ name }: StoredSecret, filter: Json): boolean {
  const values = isObject(filter) ? texts(filter, "Values") : undefined
  if (!isObject(filter) || own(filter, "Key") !== "name" || !values) {
    throw new AwsError("InvalidParameterException", "The sandbox knows the filter `name` alone.")
  }
  return values.some((value) =>
    value.startsWith("!") ? !name.startsWith(value.slice(1)) : name.startsWith(value),
  )
}

function sortedBy(secrets: readonly StoredSecret[], key: string, order: string): StoredSecret[] {
  const rank = (secret: StoredSecret) =>
    key === "name" ? secret.name : key === "last-changed-date" ? secret.changed : secret.created
  const sorted = secrets.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
  return order === "desc" ? sorted.reverse() : sorted
}
