import { describe, expect, test } from "vitest"
import { failureOf, matches, reaches, requestsOf } from "../../web/src/audit/requests.ts"
import { record, result } from "./audit-records.ts"

const outcomeOf = (...records: Parameters<typeof requestsOf>[0]) => requestsOf(records)[0]?.outcome

describe("the requests behind the records", () => {
  test("are put together from all that each left, the newest first", () => {
    const requests = requestsOf([
      result("b", 12, { outcomes: [{ connectionId: "safe", path: "y", source: "provider" }] }),
      record("c", 11),
      record("b", 10, { paths: [{ path: "x", count: 1 }] }),
      record("b", 10, { id: "b.2", connectionId: "safe", paths: [{ path: "x", count: 1 }] }),
      record("a", 5),
    ])
    expect(requests.map(({ requestId }) => requestId)).toEqual(["c", "b", "a"])
    expect(requests[1]).toMatchObject({
      at: Date.UTC(2026, 0, 1, 0, 0, 10),
      connectionIds: ["vault", "safe"],
      paths: [{ path: "x", count: 2 }],
      records: [{ id: "b.0" }, { id: "b.2" }, { id: "b.1" }],
    })
  })

  test("are done where nothing says otherwise", () => {
    expect(outcomeOf(record("a", 0))).toBe("done")
    expect(outcomeOf(record("a", 0), result("a", 1, { outcomes: [{ source: "provider" }] }))).toBe("done")
  })

  test("have failed where any of their references has, or they as a whole, and say why", () => {
    const failed = { code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "SEALED" } as const
    const part = [record("a", 0), result("a", 1, { outcomes: [{ source: "provider" }, failed] })]
    expect(outcomeOf(...part)).toBe("failed")
    expect(requestsOf(part).map(failureOf)).toEqual([failed])
    expect(outcomeOf(record("a", 0), result("a", 1, { code: "VERSION_CONFLICT" }))).toBe("failed")
  })

  test("were answered with old values, or denied", () => {
    expect(outcomeOf(record("a", 0), result("a", 1, { outcomes: [{ source: "stale" }] }))).toBe("stale")
    expect(outcomeOf(record("a", 0, { action: "denied", code: "AUTHORIZATION" }))).toBe("denied")
  })

  test("are found by a part of a path, asked for or answered, and by their outcome", () => {
    const [request] = requestsOf([
      record("a", 0, { paths: [{ path: "Prod/DB", count: 1 }] }),
      result("a", 1, { outcomes: [{ path: "prod/key", source: "provider" }] }),
    ])
    if (!request) throw new Error("no request")
    for (const text of ["", " d/db ", "PROD/KEY"]) expect(reaches(request, text)).toBe(true)
    expect(reaches(request, "test")).toBe(false)
    expect(matches(request, { outcome: "done", path: "prod" })).toBe(true)
    expect(matches(request, { outcome: "failed", path: "prod" })).toBe(false)
  })
})
