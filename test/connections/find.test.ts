import { describe, expect, test } from "vitest"
import type { Latchkey } from "../../core/latchkey.ts"
import { callerOf, memberOf, service } from "../support/instance.ts"
import { given } from "./given.ts"

const missing = "smc_missing"
const outsider = memberOf("p9")
const toOthers = { scope: "PROJECT" as const, projectIds: ["p1"] }

describe("a connection that the caller may not see", () => {
  const asked: [string, (latchkey: Latchkey, id: string) => Promise<unknown>][] = [
    [
      "getting it as a member",
      (latchkey, id) => latchkey.connections.get(callerOf(latchkey, outsider), id, "p9"),
    ],
    [
      "getting it as a service",
      (latchkey, id) => latchkey.connections.get(callerOf(latchkey, { ...service, projectIds: ["p9"] }), id),
    ],
    ["browsing it", (latchkey, id) => latchkey.browse(callerOf(latchkey, outsider), id, { projectId: "p9" })],
  ]

  test.each(asked)(
    "is like one that does not exist, in the answer and in the work it takes: %s",
    async (_, ask) => {
      const all = given()
      const hidden = await all.connect(toOthers)
      const outcomes = []
      for (const id of [hidden, missing]) {
        const latchkey = all.instance()
        const before = { kms: all.kms.calls, reads: all.store.reads }
        const error = await ask(latchkey, id).catch((error: unknown) => error)
        outcomes.push({
          error: JSON.stringify(error).replaceAll(id, "<id>"),
          kms: all.kms.calls - before.kms,
          reads: all.store.reads - before.reads,
        })
      }
      expect(outcomes[0]).toEqual(outcomes[1])
      expect(outcomes[0]).toMatchObject({
        kms: 1,
        reads: 1,
        error: expect.stringContaining("ENTITY_NOT_FOUND"),
      })
    },
  )

  test("is like that even where its record was tampered with", async () => {
    const all = given()
    const hidden = await all.connect(toOthers)
    all.record(hidden).name = "Other"
    const asking = all.connections.get(all.by(outsider), hidden, "p9")
    await expect(asking).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })
})
