import type { Clock } from "../clock.ts"
import { secretFailed, timedOut, unanswered } from "../connections/failures.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { LatchkeyError } from "../errors.ts"
import { untilAborted } from "../settle.ts"
import type { Acquirer, Errand } from "./acquire.ts"
import type { DocumentState } from "./lookup.ts"

/** How long what was told to stop may take to, in milliseconds: a time-out of Redis, and some. */
const graceMs = 500

/**
 * Fetches documents from their secret managers, all at once, and gives each its answer. `over` settles when nothing of it
 * runs any more and the caches have what was fetched, and never rejects: to be awaited before the reply.
 * @throws LatchkeyError where keys or storage are out of reach, once what it began has stopped
 */
export type Gather = (
  missing: readonly DocumentState[],
  bounds: { signal: AbortSignal; timeoutMs: number },
) => Promise<{ over: Promise<unknown> }>

export function createGather({ acquirer, clock }: { acquirer: Acquirer; clock: Clock }): Gather {
  return async (missing, bounds) => {
    const failing = new AbortController()
    const signal = AbortSignal.any([bounds.signal, clock.timeout(bounds.timeoutMs), failing.signal])
    const errand: Errand = { signal, begun: [] }
    const byConnection = Map.groupBy(missing, ({ use }) => use)
    try {
      const writes = await Promise.all([...byConnection].map(([use, states]) => fetch(use, states, errand)))
      return { over: Promise.all([...writes, ended(errand)]) }
    } catch (error) {
      // What is still being fetched is of no use any more.
      failing.abort(error)
      await ended(errand)
      throw error
    }
  }

  /** Returns what settles when the caches have it. */
  async function fetch(use: ConnectionUse, states: readonly DocumentState[], errand: Errand) {
    const cacheable = states.filter(({ uncached }) => !uncached)
    const codes = states.filter(({ uncached }) => uncached).map(({ document }) => document)
    try {
      const parts = await Promise.all([
        cacheable.length > 0 ? acquirer.acquire(use, cacheable, errand) : undefined,
        codes.length > 0 ? acquirer.acquireUncached(use, codes, errand) : undefined,
      ])
      const acquired = parts.filter((part) => part !== undefined)
      const found = new Map(acquired.flatMap((part) => [...part.found]))
      for (const state of states)
        state.answer = found.get(state.document) ?? secretFailed(unanswered(), state.use.record)
      return Promise.all(acquired.map(({ written }) => written))
    } catch (error) {
      const answer = ofThisConnection(error, use, errand)
      for (const state of states) state.answer = answer
      return undefined
    }
  }

  /** Nothing runs on after the reply, which waits for what was told to stop; but only so long, should that not listen. */
  async function ended({ begun }: Errand): Promise<void> {
    if (begun.length > 0) await untilAborted(Promise.all(begun), clock.timeout(graceMs)).catch(() => {})
  }
}

/** An unusable record fails its own references; keys or storage out of reach fail the request. */
function ofThisConnection(error: unknown, { record }: ConnectionUse, { signal }: Errand): LatchkeyError {
  if (error instanceof LatchkeyError) {
    if (error.fields.connectionId === undefined) throw error
    return error
  }
  if (!signal.aborted) throw error
  return secretFailed(timedOut(), record)
}
