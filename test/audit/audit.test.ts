import { describe, expect, test } from "vitest"
import { type AuditItem, type AuditMode, createAudit } from "../../core/audit/audit.ts"
import { audited } from "../../core/audit/audited.ts"
import type { AuditEvent } from "../../core/audit/event.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { movedClock } from "../support/moved-clock.ts"

const event: AuditEvent = { platformId: "acme", actor: "ada", action: "cache.cleared", requestId: "req_1" }

function auditing(mode: AuditMode) {
  const stored: AuditItem[] = []
  const counted: string[] = []
  const clock = movedClock(1_000)
  const state = { fails: (_item: AuditItem) => false }
  const audit = createAudit({
    store: {
      append: async (item) => {
        if (state.fails(item)) throw new Error("s3cret table is gone")
        stored.push(item)
      },
    },
    mode,
    clock,
    metrics: { count: (name) => void counted.push(name), time: () => {} },
  })
  return { audit, stored, counted, clock, state }
}

describe("the audit of a request", () => {
  test("numbers its items, however many calls they come in; another request begins at 0", async () => {
    const { audit, stored, clock } = auditing("required")
    const request = audit.request()
    await request.record([event, event])
    clock.advance(5)
    await request.record([event])
    await audit.request().record([event])
    expect(stored.map(({ at, item }) => [at, item])).toEqual([
      [1_000, 0],
      [1_000, 1],
      [1_005, 2],
      [1_005, 0],
    ])
  })

  test("required: one item that cannot be stored is UNAVAILABLE, the others are stored", async () => {
    const { audit, stored, counted, state } = auditing("required")
    state.fails = ({ item }) => item === 0
    const error = await audit
      .request()
      .record([event, event])
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: "UNAVAILABLE" })
    expect((error as Error).message).not.toContain("s3cret")
    expect([stored.length, counted]).toEqual([1, ["AuditFailed"]])
  })

  test("best-effort: what cannot be stored is counted", async () => {
    const { audit, counted, state } = auditing("best-effort")
    state.fails = () => true
    await audit.request().record([event])
    expect(counted).toEqual(["AuditFailed"])
  })

  test("off: nothing is stored", async () => {
    const { audit, stored } = auditing("off")
    await audit.request().record([event])
    expect(stored).toEqual([])
  })
})

describe("what is audited", () => {
  test("begins once its record is stored, and leaves one item where it succeeds", async () => {
    const { audit, stored } = auditing("required")
    const answer = await audited(audit.request(), event, async () => {
      expect(stored).toHaveLength(1)
      return "done"
    })
    expect([answer, stored]).toEqual(["done", [{ ...event, at: 1_000, item: 0 }]])
  })

  test("does not begin without its record", async () => {
    const { audit, state } = auditing("required")
    state.fails = () => true
    const begun: string[] = []
    await expect(audited(audit.request(), event, async () => begun.push("begun"))).rejects.toMatchObject({
      code: "UNAVAILABLE",
    })
    expect(begun).toEqual([])
  })

  test.each<[string, Error, Partial<AuditEvent>]>([
    [
      "code and reason",
      new LatchkeyError("SECRET_MANAGER_CONNECTION_FAILED", "m", { reason: "TLS" }),
      { code: "SECRET_MANAGER_CONNECTION_FAILED", reason: "TLS" },
    ],
    ["its code", new LatchkeyError("CONFLICT", "m"), { code: "CONFLICT" }],
    ["INTERNAL where it is a bug", new TypeError("s3cret"), { code: "INTERNAL" }],
  ])("leaves a second item where it fails: %s", async (_, error, told) => {
    const { audit, stored } = auditing("required")
    await expect(
      audited(audit.request(), event, async () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(stored[1]).toEqual({ ...event, ...told, at: 1_000, item: 1 })
    expect(JSON.stringify(stored)).not.toContain("s3cret")
  })
})
