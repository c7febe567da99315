import type { AuditRecord } from "./requests.ts"

/** Names of columns, as programs read them: what is exported is the same in every language. */
const columns = [
  "time",
  "request_id",
  "record_id",
  "actor",
  "claimed_actor",
  "action",
  "result",
  "connection_id",
  "connection_name",
  "project_id",
  "path",
  "count",
  "source",
  "version",
  "code",
  "reason",
  "fields",
  "operation",
  "host",
] as const

type Row = Partial<Record<(typeof columns)[number], string | number | undefined>>

/** The first line. The mark before it tells Excel that the file is UTF-8. */
export const csvHead = `\uFEFF${printLine(columns)}`

/** A line for each path that a record names, so that a sheet can be sorted by it; one for a record without. */
export function csvLines(record: AuditRecord, nameOf: (connectionId: string) => string | undefined): string {
  return rowsOf(record)
    .map((row) => ({
      ...row,
      connection_name: row.connection_id === undefined ? undefined : nameOf(String(row.connection_id)),
    }))
    .map((row) => printLine(columns.map((column) => (row as Row)[column])))
    .join("")
}

function rowsOf(record: AuditRecord): Row[] {
  const { code, reason, paths = [], outcomes = [], fields } = record
  const whole: Row = {
    time: record.occurred,
    request_id: record.requestId,
    record_id: record.id,
    actor: record.actor,
    claimed_actor: record.claimedActor,
    action: record.action,
    result: record.action === "denied" ? "denied" : code === undefined ? "requested" : "failed",
    connection_id: record.connectionId,
    project_id: record.projectId,
    code,
    reason,
    fields: fields?.join(" "),
    operation: record.operation,
    host: record.host,
  }
  const rows: Row[] = [
    ...paths.map(({ path, count }) => ({ ...whole, path, count })),
    ...outcomes.map((outcome) => ({
      ...whole,
      connection_id: outcome.connectionId ?? record.connectionId,
      path: outcome.path,
      source: outcome.source,
      version: outcome.version,
      code: outcome.code,
      reason: outcome.reason,
      result: outcome.code !== undefined ? "failed" : outcome.source === "stale" ? "stale" : "fetched",
    })),
  ]
  return rows.length > 0 ? rows : [whole]
}

/** RFC 4180, with every cell in quotes. */
function printLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(printCell).join(",")}\r\n`
}

/**
 * Programs that open the file take a cell that begins like a formula for one, and actors and paths are whatever somebody
 * has sent: such a cell begins with an apostrophe instead. Full-width forms count for some locales of Excel.
 */
function printCell(cell: string | number | undefined = ""): string {
  const text = String(cell)
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
