import { expect, test } from "vitest"
import { createUsage, type Use } from "../../core/usage/usage.ts"
import { movedClock } from "../support/moved-clock.ts"

const hour = 3_600_000
const use: Use = { platformId: "acme", connectionId: "smc_1", path: "secret/data/app" }

function seeing() {
  const touched: { uses: readonly Use[]; at: number }[] = []
  const counted: string[] = []
  const clock = movedClock(0)
  const state = { down: false }
  const usage = createUsage({
    store: {
      touch: async (uses, at) => {
        if (state.down) throw new Error("down")
        touched.push({ uses, at })
      },
    },
    clock,
    metrics: { count: (name) => void counted.push(name), time: () => {} },
  })
  return { usage, touched, counted, clock, state }
}

test("a path is stored at its first use, and then at most hourly", async () => {
  const { usage, touched, clock } = seeing()
  await usage.seen([use])
  clock.advance(hour - 1)
  await usage.seen([use])
  expect(touched).toEqual([{ uses: [use], at: 0 }])
  clock.advance(1)
  await usage.seen([use])
  expect(touched[1]).toEqual({ uses: [use], at: hour })
})

test("each platform, connection, project and path counts by itself, and once in a call", async () => {
  const { usage, touched } = seeing()
  const uses = [
    use,
    { ...use, projectId: "p1" },
    { ...use, path: "b" },
    { ...use, connectionId: "smc_2" },
    { ...use, platformId: "globex" },
  ]
  await usage.seen([...uses, use, { ...use }])
  expect(touched).toEqual([{ uses, at: 0 }])
})

test("nothing new is no write at all", async () => {
  const { usage, touched } = seeing()
  await usage.seen([])
  expect(touched).toEqual([])
})

test("a write that fails is counted, fails nobody, and is tried again with the next use", async () => {
  const { usage, touched, counted, state } = seeing()
  state.down = true
  await usage.seen([use])
  expect(counted).toEqual(["UsageFailed"])
  state.down = false
  await usage.seen([use])
  expect(touched).toHaveLength(1)
})

test("long paths take no more memory than many short ones: the oldest are stored again before their hour", async () => {
  const { usage, touched } = seeing()
  const uses = Array.from({ length: 5_000 }, (_, i) => ({ ...use, path: `${i}`.padEnd(2_000, "/path") }))
  await usage.seen(uses)
  await usage.seen(uses.slice(-1_500))
  await usage.seen(uses.slice(0, 1_000))
  expect(touched.map(({ uses }) => uses.length)).toEqual([5_000, 1_000])
})
