import { type AttributeValue, type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb"
import { canonical } from "../crypto/canonical.ts"
import { LatchkeyError } from "../errors.ts"
import { type AuditItem, type AuditPage, type AuditQuery, type AuditStore, timePosition } from "./audit.ts"
import type { AuditAction } from "./event.ts"

/** Hours of the main key that one page reads. */
const hoursPerPage = 48
/** Queries of one page: an hour each, and some for hours that do not fit into one. */
const queriesPerPage = 64
/** Items that one query looks at where a filter may drop them. */
const filteredItems = 1_000
const hourMs = 3_600_000

export const hourKey = (platformId: string, position: string) =>
  canonical([platformId, position.slice(0, 13)])
export const connectionKey = (platformId: string, connectionId: string) =>
  canonical([platformId, connectionId])
export const actorKey = (platformId: string, actor: string) => canonical([platformId, actor])

/** Items under one value of a key, sorted by time. */
interface Partition {
  index?: string
  key: string
  sort: string
  value: string
}

/** Walks back in time, by one index or hour by hour, until the page is full or has read as much as it may. */
export async function readPage(
  { client, table }: { client: DynamoDBClient; table: string },
  query: AuditQuery,
  { limit, maxBytes, now, signal }: Parameters<AuditStore["page"]>[1],
): Promise<AuditPage> {
  const { partitions, rest } = partitionsOf(query)
  const filter = filterOf(query, now)
  const items: AuditItem[] = []
  let last = ""
  let bytes = 0
  let queries = 0

  for (const partition of partitions) {
    let start: Record<string, AttributeValue> | undefined
    do {
      if (queries++ === queriesPerPage) return { items, next: last }
      // One may be the item at which the page before has ended, and one more tells whether there are more.
      const wanted = limit - items.length + 2
      const command = new QueryCommand({
        TableName: table,
        IndexName: partition.index,
        KeyConditionExpression: "#key = :key AND #sort BETWEEN :from AND :before",
        FilterExpression: filter.expression,
        ExpressionAttributeNames: { "#key": partition.key, "#sort": partition.sort, ...filter.names },
        ExpressionAttributeValues: {
          ":key": { S: partition.value },
          ":from": { S: timePosition(query.from) },
          ":before": { S: query.before },
          ...filter.values,
        },
        ScanIndexForward: false,
        Limit: filter.drops ? filteredItems : wanted,
        ExclusiveStartKey: start,
      })
      const reply = await client.send(command, signal && { abortSignal: signal }).catch(unavailable)
      for (const item of reply.Items ?? []) {
        const position = item.sk?.S ?? ""
        if (position === query.before) continue
        if (items.length === limit || bytes >= maxBytes) return { items, next: last }
        items.push(readItem(query.platformId, item))
        bytes += Buffer.byteLength(item.detail?.S ?? "")
        last = position
      }
      start = reply.LastEvaluatedKey
      // What was looked at and dropped need not be looked at again.
      last = start?.sk?.S ?? last
    } while (start !== undefined)
  }
  return rest === undefined ? { items } : { items, next: rest }
}

/** Where the items are, the newest first, and where a page goes on that has read all of that. */
function partitionsOf(query: AuditQuery): { partitions: Partition[]; rest?: string } {
  const { platformId, connectionId, actor, from, before } = query
  const index = { sort: "sortKey" }
  if (timePosition(from) >= before) return { partitions: [] }
  if (connectionId !== undefined) {
    const value = connectionKey(platformId, connectionId)
    return { partitions: [{ ...index, index: "byConnection", key: "connectionKey", value }] }
  }
  if (actor !== undefined)
    return {
      partitions: [{ ...index, index: "byActor", key: "actorKey", value: actorKey(platformId, actor) }],
    }

  // Nothing of its own hour is before a position that is an hour's very beginning.
  const newest = Math.floor((Date.parse(before.slice(0, timeLength)) - (isTime(before) ? 1 : 0)) / hourMs)
  const oldest = Math.floor(from / hourMs)
  const end = Math.max(oldest, newest - hoursPerPage + 1)
  const partitions: Partition[] = []
  for (let hour = newest; hour >= end; hour--)
    partitions.push({ key: "pk", sort: "sk", value: hourKey(platformId, timePosition(hour * hourMs)) })
  return { partitions, ...(end > oldest && { rest: timePosition(end * hourMs) }) }
}

const timeLength = "2026-01-31T23:59:59.999Z".length
const isTime = (position: string) => position.length === timeLength

function filterOf({ connectionId, actor, action }: AuditQuery, now: number) {
  const equal = {
    ...(action !== undefined && { action }),
    // By connection, the index knows nothing of the actor.
    ...(actor !== undefined && connectionId !== undefined && { actor }),
  }
  const names = Object.keys(equal)
  return {
    drops: names.length > 0,
    // What has expired may stay for days until DynamoDB gets to it.
    expression: ["#expires > :now", ...names.map((name) => `#${name} = :${name}`)].join(" AND "),
    names: { "#expires": "expires", ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
    values: {
      ":now": { N: String(Math.floor(now / 1000)) },
      ...Object.fromEntries(Object.entries(equal).map(([name, value]) => [`:${name}`, { S: value }])),
    },
  }
}

function readItem(platformId: string, item: Record<string, AttributeValue>): AuditItem {
  const [time = "", requestId = "", number = ""] = (item.sk?.S ?? "").split("#")
  return {
    ...JSON.parse(item.detail?.S ?? "{}"),
    platformId,
    actor: item.actor?.S ?? "",
    action: (item.action?.S ?? "") as AuditAction,
    requestId,
    ...(item.connectionId?.S !== undefined && { connectionId: item.connectionId.S }),
    at: Date.parse(time),
    item: Number(number),
  }
}

function unavailable(cause: unknown): never {
  const message = "The audit could not be reached. Try again shortly."
  throw new LatchkeyError("UNAVAILABLE", message, {}, { cause })
}
