import { createHash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import { type OperationName, operationNames } from "./faults.ts"

/** One request as it came, without what must not be printed. */
export interface RecordedRequest {
  method: string
  /** As sent, with the query. */
  url: string
  operation: OperationName
  /** Lower-case names. A token, cookie or authorization shows as a fingerprint: equal values, equal fingerprints. */
  headers: Record<string, string>
  /** Absent while unanswered, and where a fault cut the connection. */
  status?: number
}

export interface Requests {
  /** How many requests of this kind came in, or of any kind. */
  count(operation?: OperationName): number
  readonly counts: Readonly<Record<OperationName, number>>
  /** The latest thousand, oldest first. */
  readonly list: readonly RecordedRequest[]
  /** Whether any of these had `text` in its address, a header or its body: for tests that look for strays. */
  contain(text: string): boolean
  reset(): void
}

export interface Recorder {
  requests: Requests
  /** Returns the record, so that the status can be added. */
  record(request: {
    method: string
    url: string
    headers: IncomingHttpHeaders
    body: string
    operation: OperationName
  }): RecordedRequest
}

const kept = 1000
const secretHeaders = new Set(["authorization", "proxy-authorization", "cookie"])

export function createRecorder(): Recorder {
  const zero = () =>
    Object.fromEntries(operationNames.map((name) => [name, 0])) as Record<OperationName, number>
  let counts = zero()
  let records: { shown: RecordedRequest; raw: string }[] = []
  return {
    record: ({ method, url, headers, body, operation }) => {
      counts[operation] += 1
      const shown: RecordedRequest = {
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
          ? Object.values(counts).reduce((sum, count) => sum + count, 0)
          : counts[operation],
      get counts() {
        return { ...counts }
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
