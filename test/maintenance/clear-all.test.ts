import { afterEach, beforeEach, expect, test } from "vitest"
import type { AuditItem } from "../../core/audit/audit.ts"
import { createAudit } from "../../core/audit/audit.ts"
import { systemClock } from "../../core/clock.ts"
import { clearAll } from "../../core/maintenance/clear-all.ts"
import { type GivenStage, givenStage } from "./given.ts"

let stage: GivenStage
let recorded: AuditItem[]
let down: boolean
beforeEach(async () => {
  stage = await givenStage()
  recorded = []
  down = false
})
afterEach(() => stage.stop())

const deps = () => ({
  records: stage.records(),
  store: stage.store,
  actor: "arn:aws:iam::123456789012:user/ada",
  audit: createAudit({
    store: {
      async append(item) {
        if (down) throw new Error("The audit store is down.")
        recorded.push(item)
      },
    },
    mode: "required",
    clock: systemClock,
    metrics: { count() {}, time() {} },
  }),
})

const generations = async () =>
  Promise.all(["acme", "globex"].map(async (id) => (await stage.store.read(id, [])).platform?.generation))

test("every platform gets a new generation, and a record of who did that", async () => {
  const id = await stage.connect("acme")
  await stage.connect("globex")
  const [before, connection] = [await generations(), await stage.look("acme", id)]
  const counts = { cleared: 0 }

  expect(await clearAll(deps(), counts)).toBeUndefined()

  expect(counts.cleared).toBe(2)
  const after = await generations()
  expect(new Set([...before, ...after]).size).toBe(4)
  expect((await stage.look("acme", id)).record).toEqual(connection.record)
  expect(recorded.map(({ platformId, actor, action }) => [platformId, actor, action]).sort()).toEqual([
    ["acme", "arn:aws:iam::123456789012:user/ada", "cache.cleared"],
    ["globex", "arn:aws:iam::123456789012:user/ada", "cache.cleared"],
  ])
})

test("a clear that cannot be recorded is not done", async () => {
  await stage.connect("acme")
  const before = await generations()
  down = true
  await expect(clearAll(deps(), { cleared: 0 })).rejects.toMatchObject({ code: "UNAVAILABLE" })
  expect(await generations()).toEqual(before)
})

test("it can be tried: nothing is written or recorded", async () => {
  await stage.connect("acme")
  const before = await generations()
  const counts = { cleared: 0 }
  await clearAll(deps(), counts, { dryRun: true })
  expect([counts.cleared, recorded, await generations()]).toEqual([1, [], before])
})
