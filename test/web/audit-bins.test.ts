import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { binsOf, countsOf } from "../../web/src/audit/bins.ts"
import type { Outcome } from "../../web/src/audit/requests.ts"
import { printLocal, readLocal, spanOf } from "../../web/src/audit/span.ts"

const before = process.env.TZ
beforeAll(() => {
  process.env.TZ = "Europe/Berlin"
})
afterAll(() => {
  process.env.TZ = before ?? ""
  if (before === undefined) delete process.env.TZ
})

const local = (text: string) => new Date(text).getTime()
const beginnings = (from: string, to: string, max: number) =>
  binsOf([], { from: local(from), to: local(to) }, max).map((bin) => printLocal(bin.from))

describe("the bins of the chart", () => {
  test("are as short as the place allows, and begin where the clock is round", () => {
    expect(beginnings("2026-05-04T10:07:31", "2026-05-04T10:52", 4)).toEqual([
      "2026-05-04T10:00",
      "2026-05-04T10:15",
      "2026-05-04T10:30",
      "2026-05-04T10:45",
    ])
    expect(beginnings("2026-05-04T10:07", "2026-05-05T10:07", 9)).toHaveLength(9)
    expect(beginnings("2026-05-04T10:07", "2026-05-05T10:07", 9)[1]).toBe("2026-05-04T12:00")
  })

  test("of days begin at midnight, though one of them has 25 hours", () => {
    expect(beginnings("2026-10-24T15:00", "2026-10-27T01:00", 4)).toEqual([
      "2026-10-24T00:00",
      "2026-10-25T00:00",
      "2026-10-26T00:00",
      "2026-10-27T00:00",
    ])
  })

  test("cover the whole span, whatever it is, and never more than fit", () => {
    for (const minutes of [0.5, 61, 60 * 24 * 400, 60 * 24 * 365 * 40])
      for (const max of [1, 2, 11, 48]) {
        const span = { from: local("2020-02-28T23:59"), to: local("2020-02-28T23:59") + minutes * 60_000 }
        const bins = binsOf([], span, max)
        expect(bins.length).toBeLessThanOrEqual(max)
        expect(bins[0]?.from).toBeLessThanOrEqual(span.from)
        expect(bins.at(-1)?.to).toBeGreaterThanOrEqual(span.to)
        expect(bins.slice(1).map(({ from }) => from)).toEqual(bins.slice(0, -1).map(({ to }) => to))
      }
  })

  test("count by outcome, the beginning within and the end not, and leave out what is outside", () => {
    const span = { from: local("2026-05-04T10:00"), to: local("2026-05-04T10:30") }
    const at = (text: string, outcome: Outcome = "done") => ({ at: local(text), outcome })
    const requests = [
      at("2026-05-04T10:00"),
      at("2026-05-04T10:14:59.999", "failed"),
      at("2026-05-04T10:15", "denied"),
      at("2026-05-04T10:30"),
      at("2026-05-04T09:00"),
    ]
    const bins = binsOf(requests, span, 2)
    expect(bins.map(({ counts, total }) => [counts.done, counts.failed, counts.denied, total])).toEqual([
      [1, 1, 0, 2],
      [0, 0, 1, 1],
    ])
    expect(countsOf(requests)).toEqual({ done: 3, stale: 0, failed: 1, denied: 1 })
  })
})

describe("the time that is looked at", () => {
  test("ends now, or is what two inputs say", () => {
    expect(spanOf({ preset: "hour" }, 7_200_000)).toEqual({ from: 3_600_000, to: 7_200_000 })
    const [from, to] = ["2026-01-01T00:00", "2026-01-02T00:30"]
    const span = readLocal(from, to)
    expect([printLocal(span?.from ?? 0), printLocal(span?.to ?? 0)]).toEqual([from, to])
    expect(readLocal(to, from)).toBeUndefined()
    expect(readLocal("", to)).toBeUndefined()
  })
})
