import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import { defaultSettings, type Settings } from "../contract/settings.ts"
import { isObject, nestsDeeper } from "../json.ts"
import type { AwsPlace } from "../providers/provider.ts"
import type { ConnectionRecord, PlatformRecord, Webhook, WebhookClear } from "./connection.ts"
import type { ConnectionChange } from "./store.ts"

export type Item = Record<string, AttributeValue>

export const connectionPrefix = "connection#"

export const platformKey = (platformId: string): Item => ({ pk: { S: platformId }, sk: { S: "platform" } })

export const connectionKey = (platformId: string, id: string): Item => ({
  pk: { S: platformId },
  sk: { S: connectionPrefix + id },
})

/** A new connection with its key. `requestId` tells the SDK's retry that it was itself who wrote. */
export function connectionItem(record: ConnectionRecord, requestId: string): Item {
  return {
    ...connectionKey(record.platformId, record.id),
    providerId: { S: record.providerId },
    created: { S: record.created },
    generation: { S: record.generation },
    ...changeAttributes(record, requestId).set,
  }
}

/** What leads from an account of AWS to the connection: the keys of a sparse index. */
export const awsAttributes = ({ account, region }: AwsPlace): Item => ({
  awsAccount: { S: account },
  awsRegion: { S: region },
})

export const awsAttributeNames = ["awsAccount", "awsRegion"]

/** What an update sets and removes, and nothing beside. */
export function changeAttributes(
  change: ConnectionChange,
  requestId: string,
): { set: Item; remove: string[] } {
  const set: Item = {
    name: { S: change.name },
    scope: { S: change.scope },
    settings: { S: JSON.stringify(change.settings) },
    configId: { S: change.configId },
    version: { N: String(change.version) },
    updated: { S: change.updated },
    mac: { B: change.mac },
    requestId: { S: requestId },
  }
  if (change.projectIds) set.projectIds = { L: change.projectIds.map((id) => ({ S: id })) }
  if (change.generation) set.generation = { S: change.generation }
  if (change.config) {
    const { format, wrappedKey, data } = change.config
    set.config = { M: { format: { N: String(format) }, wrappedKey: { B: wrappedKey }, data: { B: data } } }
  }
  if (change.configView) set.configView = { B: change.configView }
  if (change.aws) Object.assign(set, awsAttributes(change.aws))
  // Another configuration has other credentials.
  const moved = change.config !== undefined && change.aws === undefined
  return { set, remove: [...(change.projectIds ? [] : ["projectIds"]), ...(moved ? awsAttributeNames : [])] }
}

const noBytes = new Uint8Array()

/** The record of an item. What is missing reads as empty, and then fails the check of the record's MAC. */
export function readConnection(platformId: string, item: Item): ConnectionRecord {
  const config = item.config?.M
  const projectIds = item.projectIds?.L?.map(({ S = "" }) => S)
  return {
    platformId,
    id: item.sk?.S?.slice(connectionPrefix.length) ?? "",
    providerId: (item.providerId?.S ?? "") as ConnectionRecord["providerId"],
    name: item.name?.S ?? "",
    scope: item.scope?.S === "PLATFORM" ? "PLATFORM" : "PROJECT",
    ...(projectIds && { projectIds }),
    settings: readSettings(item.settings?.S),
    configId: item.configId?.S ?? "",
    version: Number(item.version?.N ?? 0),
    generation: item.generation?.S ?? "",
    created: item.created?.S ?? "",
    updated: item.updated?.S ?? "",
    config: { format: 1, wrappedKey: config?.wrappedKey?.B ?? noBytes, data: config?.data?.B ?? noBytes },
    configView: item.configView?.B ?? noBytes,
    mac: item.mac?.B ?? noBytes,
    ...(item.awsAccount?.S !== undefined &&
      item.awsRegion?.S !== undefined && { aws: { account: item.awsAccount.S, region: item.awsRegion.S } }),
    ...(item.webhook?.B && { webhook: readWebhook(item.webhook.B, item) }),
  }
}

/** Which connection an item of an index is of. */
export function readConnectionKey(item: Item): Pick<ConnectionRecord, "platformId" | "id" | "providerId"> {
  const { platformId, id, providerId } = readConnection(item.pk?.S ?? "", item)
  return { platformId, id, providerId }
}

function readWebhook(secret: Uint8Array, { webhookBefore, webhookClears }: Item): Webhook {
  return {
    secret,
    ...(webhookBefore?.B && { before: webhookBefore.B }),
    clears: readClears(webhookClears?.S),
  }
}

/** What does not read is none: no clear is then written, since that needs what is stored to be what was read. */
function readClears(text: string | undefined): WebhookClear[] {
  const clears = jsonOf(text ?? "[]")
  return Array.isArray(clears) && clears.every(isWebhookClear) ? clears : []
}

const isWebhookClear = (clear: unknown): clear is WebhookClear =>
  isObject(clear) && typeof clear.signature === "string" && typeof clear.at === "number"

export const webhookClears = (clears: readonly WebhookClear[]): AttributeValue => ({
  S: JSON.stringify(clears),
})

function readSettings(text: string | undefined): Settings {
  const settings = jsonOf(text ?? "{}")
  if (!isObject(settings) || nestsDeeper(settings, 2)) return { ...defaultSettings, allowedPaths: [] }
  return { ...defaultSettings, ...settings }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function readPlatform(platformId: string, item: Item): PlatformRecord {
  return { platformId, rootKey: item.rootKey?.B ?? noBytes, generation: item.generation?.S ?? "" }
}
