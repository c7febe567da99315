import type { Clock } from "../clock.ts"
import type { KnownError } from "../connections/sealed-error.ts"
import type { ProviderError } from "../errors.ts"
import { createLru } from "../lru.ts"

/** After this many failures in a row nobody asks for a while. */
const threshold = 3
export const openForMs = 5_000
/** How soon it is worth looking again while one attempt is under way. */
const probeMs = 1_000

interface State {
  failures: number
  openUntil: number
  error?: ProviderError
  /** One attempt is under way after the pause: until it ends the others still get the error. */
  probing: boolean
}

/** Per connection, by its epoch: a failing secret manager is asked once in five seconds, not once per resolve. */
export interface Breaker {
  /** While the breaker is open: the error that opened it, and until when that holds at least. */
  open(key: string): KnownError | undefined
  /**
   * To be told before an attempt while it is not open; how the attempt ended is told by one of the next three. True if it
   * is the one that is let through after the pause: it should be one try, without retries.
   */
  begin(key: string): boolean
  succeeded(key: string): void
  /** True if this failure opened the breaker. */
  failed(key: string, error: ProviderError): boolean
  /** The attempt ended without telling anything about the secret manager. */
  abandoned(key: string): void
  /** Another instance opened it. */
  adopt(key: string, error: ProviderError, openUntil: number): void
}

export function createBreaker({ clock }: { clock: Clock }): Breaker {
  const states = createLru<State>(5_000)

  return {
    open(key) {
      const state = states.get(key)
      if (!state?.error) return undefined
      const { error, openUntil, probing } = state
      if (clock.now() < openUntil) return { error, freshUntil: openUntil }
      return probing ? { error, freshUntil: clock.now() + probeMs } : undefined
    },

    begin(key) {
      const state = states.get(key)
      if (!state?.error) return false
      state.probing = true
      return true
    },

    succeeded(key) {
      states.delete(key)
    },

    failed(key, error) {
      const state = states.get(key) ?? { failures: 0, openUntil: 0, probing: false }
      state.failures++
      state.probing = false
      states.set(key, state)
      if (state.failures < threshold) return false
      state.error = error
      state.openUntil = clock.now() + openForMs
      return true
    },

    abandoned(key) {
      const state = states.get(key)
      if (state) state.probing = false
    },

    adopt(key, error, openUntil) {
      states.set(key, { failures: threshold, openUntil, error, probing: false })
    },
  }
}
