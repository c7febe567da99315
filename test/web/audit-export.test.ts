import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { csvHead, csvLines } from "../../web/src/audit/csv.ts"
import { createExport, type ExportFormat, type ExportProgress } from "../../web/src/audit/export.ts"
import type { AuditRecord, Narrowing } from "../../web/src/audit/requests.ts"
import { record, result } from "./audit-records.ts"

const anything: Narrowing = { outcome: "", path: "" }
const nobody = () => undefined

/** Exports these pages; `failing` says which calls come to nothing. */
function setUp(pages: AuditRecord[][], format: ExportFormat, narrowing = anything, failing: number[] = []) {
  const asked: (string | undefined)[] = []
  const progress: ExportProgress[] = []
  const file = createExport({
    format,
    narrowing,
    nameOf: nobody,
    onProgress: (next) => progress.push(next),
    async load(cursor) {
      asked.push(cursor)
      if (failing.includes(asked.length)) throw new Error("offline")
      const number = Number(cursor ?? 0)
      return { data: pages[number] ?? [], next: number + 1 < pages.length ? String(number + 1) : null }
    },
  })
  return {
    ...file,
    asked,
    progress,
    run: async (signal = new AbortController().signal) => (await file.run(signal)).file,
  }
}

const json = async (blob: Blob) => JSON.parse(await blob.text()) as AuditRecord[]
const ids = async (blob: Blob) => (await json(blob)).map(({ id }) => id)

describe("an export", () => {
  test("has the records of all pages, empty ones between them, and tells how far it is", async () => {
    const { run, progress } = setUp([[record("c", 3)], [], [record("b", 2), record("a", 1)]], "json")
    const file = await run()
    expect(file.type).toBe("application/json")
    expect(await json(file)).toEqual([record("c", 3), record("b", 2), record("a", 1)])
    expect(progress.map(({ records }) => records)).toEqual([1, 1, 3])
    expect(progress.at(-1)?.oldest).toBe(Date.UTC(2026, 0, 1, 0, 0, 1))
  })

  test("of nothing is a list of nothing", async () => {
    expect(await json(await setUp([[]], "json").run())).toEqual([])
    expect(await (await setUp([[]], "csv").run()).text()).toBe(csvHead.slice(1))
  })

  test("that failed goes on where it ended, and nothing is in it twice", async () => {
    const { run, asked } = setUp(
      [[record("c", 3)], [record("b", 2)], [record("a", 1)]],
      "json",
      anything,
      [2],
    )
    await expect(run()).rejects.toThrow("offline")
    expect(await ids(await run())).toEqual(["c.0", "b.0", "a.0"])
    expect(asked).toEqual([undefined, "1", "1", "2"])
  })

  test("ends when it is cancelled", async () => {
    const cancelled = AbortSignal.abort(new Error("cancelled"))
    await expect(setUp([[record("a", 1)]], "csv").run(cancelled)).rejects.toThrow("cancelled")
  })

  test("of failures has all records of a failed request, on whichever pages they are, and no other", async () => {
    const failed: Partial<AuditRecord> = { outcomes: [{ code: "UNAVAILABLE" }] }
    const pages = [[result("b", 200, failed)], [record("c", 199), record("b", 195)], [record("a", 5)]]
    const { run } = setUp(pages, "json", { outcome: "failed", path: "" })
    expect(await ids(await run())).toEqual(["b.1", "b.0"])
  })

  test("larger than a piece is whole", async () => {
    const path = "p".repeat(900_000)
    const pages = [1, 2, 3].map((at) => [record(`r${at}`, at, { paths: [{ path, count: at }] })])
    expect(await ids(await setUp(pages, "json").run())).toEqual(["r1.0", "r2.0", "r3.0"])
    expect((await (await setUp(pages, "csv").run()).text()).split("\r\n")).toHaveLength(5)
  })
})

/** The cells of CSV in which every cell is in quotes. */
const cellsOf = (line: string) =>
  [...line.matchAll(/"((?:[^"]|"")*)"(,|\r\n)/g)].map(([, cell = ""]) => cell.replaceAll('""', '"'))
const rows = (one: AuditRecord, nameOf: (id: string) => string | undefined = nobody) => {
  const columns = cellsOf(csvHead.slice(1))
  return csvLines(one, nameOf)
    .split(/(?<=\r\n)(?=")/)
    .map((line) => Object.fromEntries(cellsOf(line).map((cell, index) => [columns[index], cell])))
}

describe("a line of CSV", () => {
  test("is for one path, or for what came of one", () => {
    const asked = record("a", 0, {
      paths: [
        { path: "x", count: 1 },
        { path: "y", count: 3 },
      ],
    })
    expect(rows(asked, () => "Vault")).toMatchObject([
      { path: "x", count: "1", result: "requested", connection_name: "Vault", request_id: "a" },
      { path: "y", count: "3", result: "requested" },
    ])
    const came = result("a", 1, {
      outcomes: [
        { path: "x", source: "provider", version: "3" },
        { path: "y", code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "NOT_FOUND", connectionId: "safe" },
      ],
    })
    expect(rows(came)).toMatchObject([
      { path: "x", result: "fetched", source: "provider", version: "3" },
      { path: "y", result: "failed", reason: "NOT_FOUND", connection_id: "safe" },
    ])
    expect(
      rows(record("a", 0, { action: "connection.updated", fields: ["name", "config.url"] })),
    ).toMatchObject([{ action: "connection.updated", fields: "name config.url", path: "" }])
  })

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1", "＝1", "＠x"])(
    "that %j begins is no formula",
    (path) => {
      expect(rows(record("a", 0, { paths: [{ path, count: 1 }] }))[0]?.path).toBe(`'${path}`)
    },
  )

  test("is read back as it was, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (actor) => {
        const [row] = rows(record("a", 0, { actor }))
        expect(row?.actor?.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, "")).toBe(actor)
      }),
    )
  })
})
