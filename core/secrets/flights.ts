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
}

export interface Flights<T> {
  /**
   * What each key lands as. Keys that another caller is fetching already are joined; the others are launched together, as one job.
   * A caller whose `signal` aborts leaves, and its promises reject; the job is aborted only when its last waiter has left.
   */
  join(
    keys: readonly string[],
    launch: (keys: readonly string[], signal: AbortSignal) => Map<string, Promise<T>>,
    signal: AbortSignal,
  ): Map<string, Promise<T>>
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
        const job: Job = { controller: new AbortController(), waiters: 0, ground }
        for (const [key, landing] of launch(fresh, job.controller.signal)) {
          const flight = { landing, job }
          flights.set(key, flight)
          flying.set(key, flight)
          const landed = () => remove(key)
          landing.then(({ written }) => written).then(landed, landed)
        }
      }
      const landings = new Map<string, Promise<T>>()
      for (const key of keys) {
        const flight = flying.get(key)
        if (flight) landings.set(key, waitFor(flight, signal))
      }
      return landings
    },
  }
}

async function waitFor<T>({ landing, job }: Flight<T>, signal: AbortSignal): Promise<T> {
  job.waiters++
  const left = Promise.withResolvers<never>()
  const leave = () => left.reject(signal.reason)
  if (signal.aborted) leave()
  signal.addEventListener("abort", leave, { once: true })
  try {
    return await Promise.race([landing, left.promise])
  } finally {
    signal.removeEventListener("abort", leave)
    if (--job.waiters === 0) {
      job.ground()
      job.controller.abort()
    }
  }
}
