import type { Page } from "../data/use-pages.ts"
import { csvHead, csvLines } from "./csv.ts"
import { type AuditRecord, matches, type Narrowing, requestsOf } from "./requests.ts"

export type ExportFormat = "csv" | "json"

export interface ExportProgress {
  /** Records that are in the file so far. */
  records: number
  /** How far back in time it has read, in milliseconds since the epoch; absent until something was found. */
  oldest?: number
}

/** What an answer may take: records of one request are no further apart. */
const requestMs = 60_000
/** Characters that are kept as text, before they become a piece of the file. */
const pieceLength = 1_000_000

export interface ExportOptions {
  format: ExportFormat
  narrowing: Narrowing
  /** A page of the records, the newest first. */
  load(cursor: string | undefined, signal: AbortSignal): Promise<Page<AuditRecord>>
  nameOf(connectionId: string): string | undefined
  onProgress(progress: ExportProgress): void
}

/**
 * Writes all records, page by page, into a file: what is written is the browser's to keep, on disk where it likes, so
 * that memory holds no more than a page and a piece. Where `run` fails, running it again goes on where it ended.
 */
export function createExport({ format, narrowing, load, nameOf, onProgress }: ExportOptions) {
  const file = createFile(format, nameOf)
  const isWhole = narrowing.outcome === "" && narrowing.path.trim() === ""
  let cursor: string | undefined
  let oldest: number | undefined
  /** Of requests that may have more records on the next page; none where every record is wanted. */
  let waiting: AuditRecord[] = []

  async function run(signal: AbortSignal): Promise<{ file: Blob; records: number }> {
    for (let more = true; more; ) {
      const page = await load(cursor, signal)
      signal.throwIfAborted()
      const last = page.data.at(-1)
      if (last) oldest = Date.parse(last.occurred)
      more = page.next !== null
      file.write(isWhole ? page.data : wanted(page.data, more))
      cursor = page.next ?? undefined
      onProgress({ records: file.records(), ...(oldest !== undefined && { oldest }) })
    }
    return { file: file.close(), records: file.records() }
  }

  /** What came of a request is what all its records say, so they wait for each other. */
  function wanted(records: readonly AuditRecord[], more: boolean): AuditRecord[] {
    const horizon = more ? (oldest ?? Number.POSITIVE_INFINITY) + requestMs : Number.NEGATIVE_INFINITY
    const requests = requestsOf([...waiting, ...records])
    const [open, complete] = [[], []] as [typeof requests, typeof requests]
    for (const request of requests) (newest(request.records) > horizon ? complete : open).push(request)
    waiting = open.flatMap((request) => request.records)
    return complete
      .filter((request) => matches(request, narrowing))
      .flatMap((request) => request.records.toReversed())
  }

  return { run }
}

const newest = (records: readonly AuditRecord[]) => Date.parse(records.at(-1)?.occurred ?? "")

/** A file that grows: text of which pieces are given away as soon as they are large. */
function createFile(format: ExportFormat, nameOf: ExportOptions["nameOf"]) {
  const pieces: Blob[] = []
  let records = 0
  let text = format === "csv" ? csvHead : "["

  return {
    records: () => records,
    write(more: readonly AuditRecord[]): void {
      for (const record of more) {
        text +=
          format === "csv"
            ? csvLines(record, nameOf)
            : `${records === 0 ? "" : ","}\n${JSON.stringify(record)}`
        records++
        if (text.length < pieceLength) continue
        pieces.push(new Blob([text]))
        text = ""
      }
    },
    close(): Blob {
      const end = format === "csv" ? "" : "\n]\n"
      return new Blob([...pieces, text, end], { type: format === "csv" ? "text/csv" : "application/json" })
    },
  }
}
