import type { ReplyOf } from "../../../core/client/index.ts"

/** A record of the audit. A request leaves one for what it asked, and others for what came of it. */
export type AuditRecord = ReplyOf<"audit">["data"][number]

/** What came of a request, in one word; `done` means that nothing else was recorded. */
export const outcomes = ["done", "stale", "failed", "denied"] as const
export type Outcome = (typeof outcomes)[number]

/** All that the audit has of one request. */
export interface AuditRequest
  extends Pick<AuditRecord, "requestId" | "actor" | "claimedActor" | "action" | "projectId" | "operation"> {
  /** When its first record was stored, in milliseconds since the epoch. */
  at: number
  outcome: Outcome
  connectionIds: string[]
  /** What was asked for, as it was written, and how often. */
  paths: { path: string; count: number }[]
  /** The oldest first. */
  records: AuditRecord[]
}

/** What of the records that were loaded is shown: the API knows neither of these. */
export interface Narrowing {
  outcome: Outcome | ""
  /** A part of a path, whatever the case. */
  path: string
}

/** The requests that left these records, the newest first. */
export function requestsOf(records: readonly AuditRecord[]): AuditRequest[] {
  return [...Map.groupBy(records, ({ requestId }) => requestId).values()].map(requestOf).sort(newestFirst)
}

export function matches(request: AuditRequest, { outcome, path }: Narrowing): boolean {
  return (outcome === "" || request.outcome === outcome) && reaches(request, path)
}

/** Whether it asked for a path with this text in it, or something came of one. */
export function reaches({ records }: Pick<AuditRequest, "records">, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (wanted === "") return true
  return records.some(({ paths = [], outcomes = [] }) =>
    [...paths, ...outcomes].some(({ path }) => path?.toLowerCase().includes(wanted)),
  )
}

/** The first failure that was recorded. */
export function failureOf({ records }: Pick<AuditRequest, "records">): Pick<AuditRecord, "code" | "reason"> {
  const all = records.flatMap(({ code, reason, outcomes = [] }) => [
    { ...(code && { code }), ...(reason && { reason }) },
    ...outcomes,
  ])
  const { code, reason } = all.find((one) => one.code !== undefined) ?? {}
  return { ...(code && { code }), ...(reason && { reason }) }
}

function requestOf(given: readonly AuditRecord[]): AuditRequest {
  const records = given.toSorted(
    (a, b) => Date.parse(a.occurred) - Date.parse(b.occurred) || numberOf(a) - numberOf(b),
  )
  const [first] = records
  if (!first) throw new RangeError("a request has at least one record")
  const { requestId, actor, claimedActor, action, projectId, operation } = first
  return {
    requestId,
    at: Date.parse(first.occurred),
    actor,
    ...(claimedActor !== undefined && { claimedActor }),
    action,
    ...(projectId !== undefined && { projectId }),
    ...(operation !== undefined && { operation }),
    outcome: outcomeOf(records),
    connectionIds: [...new Set(records.flatMap(connectionsOf))],
    paths: pathsOf(records),
    records,
  }
}

function outcomeOf(records: readonly AuditRecord[]): Outcome {
  if (records.some(({ action }) => action === "denied")) return "denied"
  const results = records.flatMap(({ outcomes = [] }) => outcomes)
  if ([...records, ...results].some(({ code }) => code !== undefined)) return "failed"
  return results.some(({ source }) => source === "stale") ? "stale" : "done"
}

/** Each once, though several connections may have been asked for it. */
function pathsOf(records: readonly AuditRecord[]): AuditRequest["paths"] {
  const counts = new Map<string, number>()
  for (const { paths = [] } of records)
    for (const { path, count } of paths) counts.set(path, (counts.get(path) ?? 0) + count)
  return [...counts].map(([path, count]) => ({ path, count }))
}

const connectionsOf = ({ connectionId, outcomes = [] }: AuditRecord): string[] =>
  [connectionId, ...outcomes.map((outcome) => outcome.connectionId)].filter((id) => id !== undefined)

const newestFirst = (a: AuditRequest, b: AuditRequest) => b.at - a.at

/** Its place within its request. */
const numberOf = ({ id }: AuditRecord) => Number(id.slice(id.lastIndexOf(".") + 1))
