import { untilAborted } from "../settle.ts"

interface Flight<T> {
  landing: Promise<T>
  job: Job
}

interface Job {
  controller: AbortController
  /** How many callers wait for any of the job's landings. */
  waiters: number
  /** Takes the job's flights away, so that nobody joins one that was aborted. */
  ground(): void
  /** Settles when nothing of it runs any more, and never rejects. */
  ended: Promise<unknown>
}

/** What was launched: the landing of each key, and the end of it all. */
export interface Launched<T> {
  landings: Map<string, Promise<T>>
  /** Settles when nothing of it runs any more, and never rejects. */
  ended: Promise<unknown>
}

/** One caller's wait for one key. */
export interface Wait<T> {
  landing: Promise<T>
  /** Settles when nothing runs any more on this caller's account: not before the job's end, where it was the last to leave. */
  over: Promise<unknown>
}

export interface Flights<T> {
  /**
   * What each key lands as. Keys that another caller is fetching already are joined; the others are launched together, as one job.
   * A caller whose `signal` aborts leaves, and its landings reject; the job is aborted only when its last waiter has left.
   */
  join(
    keys: readonly string[],
    launch: (keys: readonly string[], signal: AbortSignal) => Launched<T>,
    signal: AbortSignal,
  ): Map<string, Wait<T>>
}

/** One fetch for many callers within this instance. `T` tells when it is done by `written`. */
export function createFlights<T extends { written: Promise<unknown> }>(): Flights<T> {
  const flying = new Map<string, Flight<T>>()

  return {
    join(keys, launch, signal) {
      const fresh = keys.filter((key) => !flying.has(key))
      if (fresh.length > 0) {
        const flights = new Map<string, Flight<T>>()
        const remove = (key: string) => {
          if (flying.get(key) === flights.get(key)) flying.delete(key)
        }
        const ground = () => [...flights.keys()].forEach(remove)
        const controller = new AbortController()
        const { landings, ended } = launch(fresh, controller.signal)
        const job: Job = { controller, waiters: 0, ground, ended }
        for (const [key, landing] of landings) {
          const flight = { landing, job }
          flights.set(key, flight)
          flying.set(key, flight)
          const landed = () => remove(key)
          landing.then(({ written }) => written).then(landed, landed)
        }
      }
      const waits = new Map<string, Wait<T>>()
      for (const key of keys) {
        const flight = flying.get(key)
        if (flight) waits.set(key, waitFor(flight, signal))
      }
      return waits
    },
  }
}

function waitFor<T>({ landing, job }: Flight<T>, signal: AbortSignal): Wait<T> {
  job.waiters++
  const awaited = untilAborted(landing, signal)
  return { landing: awaited, over: awaited.then(leave, () => leave() && job.ended) }

  /** Whether this was the last waiter. */
  function leave(): boolean {
    if (--job.waiters > 0) return false
    job.ground()
    job.controller.abort()
    return true
  }
}
