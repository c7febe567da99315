import { expect, test } from "vitest"
import { createFlights } from "../../core/secrets/flights.ts"

interface Landing {
  value: string
  written: Promise<unknown>
}

test("whoever comes after the last waiter has left starts anew, and does not join what was aborted", async () => {
  const flights = createFlights<Landing>()
  const signals: AbortSignal[] = []
  const never = (keys: readonly string[], signal: AbortSignal) => {
    signals.push(signal)
    const landings = new Map(keys.map((key) => [key, new Promise<Landing>(() => {})]))
    return { landings, ended: new Promise(() => {}) }
  }
  const lands = (keys: readonly string[]) => ({
    landings: new Map(keys.map((key) => [key, Promise.resolve({ value: key, written: Promise.resolve() })])),
    ended: Promise.resolve(),
  })

  const leaving = new AbortController()
  const first = flights.join(["a"], never, leaving.signal).get("a")?.landing
  leaving.abort(new Error("left"))
  await expect(first).rejects.toThrow("left")
  expect(signals[0]?.aborted).toBe(true)

  const second = flights.join(["a"], lands, new AbortController().signal).get("a")?.landing
  expect((await second)?.value).toBe("a")
})
