import { createHash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"

/** One request as it came, without what must not be printed. */
export interface RecordedRequest<Operation extends string = string> {
  method: string
  /** As sent, with the query. */
  url: string
  operation: Operation
  /** Lower-case names. A token, signature or cookie shows as a fingerprint: equal values, equal fingerprints. */
  headers: Record<string, string>
  /** Absent while unanswered, and where a fault cut the connection. */
  status?: number
}

export interface Requests<Operation extends string = string> {
  /** How many requests for this operation came in, or for any. */
  count(operation?: Operation): number
  readonly counts: Readonly<Record<Operation, number>>
  /** The latest thousand, oldest first. */
  readonly list: readonly RecordedRequest<Operation>[]
  /** Whether any of these had `text` in its address, a header or its body: for tests that look for strays. */
  contain(text: string): boolean
  reset(): void
}

export interface Recorder<Operation extends string = string> {
  requests: Requests<Operation>
  /** Returns the record, so that the status can be added. */
  record(request: {
    method: string
    url: string
    headers: IncomingHttpHeaders
    body: string | Buffer
    operation: Operation
  }): RecordedRequest<Operation>
}

const kept = 1000
const secretHeaders = new Set([
  ...["authorization", "proxy-authorization", "cookie"],
  ...["x-vault-token", "x-amz-security-token"],
])

/** @param operations those that are counted from the start, as 0 */
export function createRecorder<Operation extends string = string>(
  operations: readonly Operation[] = [],
): Recorder<Operation> {
  const zero = () => new Map(operations.map((name) => [name, 0]))
  let counts = zero()
  let records: { shown: RecordedRequest<Operation>; raw: string }[] = []
  return {
    record: ({ method, url, headers, body, operation }) => {
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
      const shown: RecordedRequest<Operation> = {
        method,
        url,
        operation,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, shownAs(name, String(value))]),
        ),
      }
      records.push({ shown, raw: `${url}\n${JSON.stringify(Object.values(headers))}\n${body}` })
      if (records.length > kept) records = records.slice(-kept)
      return shown
    },
    requests: {
      count: (operation) =>
        operation === undefined
          ? [...counts.values()].reduce((sum, count) => sum + count, 0)
          : (counts.get(operation) ?? 0),
      get counts() {
        return Object.fromEntries(counts) as Record<Operation, number>
      },
      get list() {
        return records.map(({ shown }) => shown)
      },
      contain: (text) => records.some(({ raw }) => raw.includes(text)),
      reset: () => {
        counts = zero()
        records = []
      },
    },
  }
}

function shownAs(name: string, value: string): string {
  if (!secretHeaders.has(name)) return value
  return `sha256:${createHash("sha256").update(value).digest("hex").slice(0, 12)}`
}
