import { getEventListeners } from "node:events"
import { expect, test } from "vitest"
import { withDeadline } from "../core/deadline.ts"
import { movedClock } from "./support/moved-clock.ts"

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener("abort", () => reject(signal.reason))
  })

test("work that is done in time gives its result", async () => {
  expect(await withDeadline(movedClock(), 1_000, undefined, async () => "done")).toBe("done")
})

test("work past its time is told to stop, with a TimeoutError", async () => {
  const clock = movedClock()
  const work = withDeadline(clock, 1_000, new AbortController().signal, untilAborted)
  clock.advance(1_000)
  await expect(work).rejects.toMatchObject({ name: "TimeoutError" })
})

test.each(["before", "while"])(
  "work whose caller left %s it ran is told to stop, with the caller's reason",
  async (when) => {
    const caller = new AbortController()
    const reason = new Error("gone")
    if (when === "before") caller.abort(reason)
    const work = withDeadline(movedClock(), 1_000, caller.signal, untilAborted)
    caller.abort(reason)
    await expect(work).rejects.toBe(reason)
  },
)

test("nothing listens to the caller's signal any more once the work is over, well or not", async () => {
  const { signal } = new AbortController()
  await withDeadline(movedClock(), 1_000, signal, async () => {})
  const failure = new Error("no")
  await expect(withDeadline(movedClock(), 1_000, signal, () => Promise.reject(failure))).rejects.toBe(failure)
  expect(getEventListeners(signal, "abort")).toEqual([])
})
