import type { Switches } from "./subject.ts"

/** What the faults of every sandbox server can be. */
interface Faults {
  set(switches: { hang?: boolean; reset?: boolean; status?: number }): void
  clear(): void
}

/** A sandbox server's switches; `throttled` and `more` are its own ways to say these. */
export function switchesOf(faults: Faults, throttled: object, more: Switches["fail"] = {}): Switches {
  return {
    fail: {
      THROTTLED: () => faults.set(throttled),
      TIMEOUT: () => faults.set({ hang: true }),
      UNREACHABLE: () => faults.set({ reset: true }),
      PROVIDER_ERROR: () => faults.set({ status: 500 }),
      ...more,
    },
    clear: () => faults.clear(),
  }
}
