import type { Clock } from "../../core/clock.ts"

/**
 * A clock that stands still until it is moved. `sleep` ends when enough has been added, or the signal aborts; a `timeout`
 * aborts then.
 */
export interface MovedClock extends Clock {
  /** Adds milliseconds and wakes whoever has slept long enough. */
  advance(ms: number): void
}

export function movedClock(start = Date.UTC(2026, 0, 1)): MovedClock {
  let time = start
  const sleepers = new Set<{ until: number; wake: () => void }>()
  return {
    now: () => time,
    advance(ms) {
      time += ms
      for (const sleeper of sleepers) if (sleeper.until <= time) sleeper.wake()
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = {
          until: time + ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener("abort", () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    timeout(ms) {
      const controller = new AbortController()
      const sleeper = {
        until: time + ms,
        wake: () => {
          sleepers.delete(sleeper)
          controller.abort(new DOMException("Timed out.", "TimeoutError"))
        },
      }
      sleepers.add(sleeper)
      return controller.signal
    },
  }
}

/**
 * What `work` gives, while time passes in small steps: for work that sleeps on the clock. A step is taken whenever nothing
 * else is left to do.
 */
export async function passing<T>(clock: MovedClock, work: Promise<T>, stepMs = 50): Promise<T> {
  let done = false
  const end = () => {
    done = true
  }
  work.then(end, end)
  for (let steps = 0; ; steps++) {
    await turn()
    if (done) return work
    if (steps > 5_000) throw new Error("The work does not end, however much time passes.")
    clock.advance(stepMs)
  }
}

/** Lets time pass in small steps, for `ms` in all. */
export async function passingFor(clock: MovedClock, ms: number, stepMs = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await turn()
    clock.advance(stepMs)
  }
  await turn()
}

/** Lets everything run that can run without time passing. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
