import type { Clock } from "../../core/clock.ts"

/** A clock that stands still until it is moved. `sleep` ends when enough has been added, or the signal aborts. */
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
  }
}
