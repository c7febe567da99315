import { createHash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"

/** One request as it came, without what must not be printed. */
export interface RecordedRequest {
  method: string
  url: string
  /** AWS's name of it, or `other`. */
  operation: string
  /** Lower-case names. A signature or token shows as a fingerprint: equal values, equal fingerprints. */
  headers: Record<string, string>
  /** Absent while unanswered, and where a fault cut the connection. */
  status?: number
}

export interface Requests {
  /** How many requests for this operation came in, or for any. */
  count(operation?: string): number
  readonly counts: Readonly<Record<string, number>>
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
    body: Buffer
    operation: string
  }): RecordedRequest
}

const kept = 1000
const secretHeaders = new Set(["authorization", "x-amz-security-token", "proxy-authorization", "cookie"])

export function createRecorder(): Recorder {
  let counts = new Map<string, number>()
  let records: { shown: RecordedRequest; raw: string }[] = []
  return {
    record: ({ method, url, headers, body, operation }) => {
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
      const shown = {
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
        return Object.fromEntries(counts)
      },
      get list() {
        return records.map(({ shown }) => shown)
      },
      contain: (text) => records.some(({ raw }) => raw.includes(text)),
      reset: () => {
        counts = new Map()
        records = []
      },
    },
  }
}

function shownAs(name: string, value: string): string {
  if (!secretHeaders.has(name)) return value
  return `sha256:${createHash("sha256").update(value).digest("hex").slice(0, 12)}`
}
