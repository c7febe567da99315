import { isObject } from "../../../core/json.ts"

/** What goes wrong, on purpose. Switches add up: `{ slowMs: 500, status: 500 }` is a slow failure. */
export interface FaultSwitches {
  /** Wait this long before answering. */
  slowMs?: number
  /** Answer this error of AWS's, by its name: `ThrottlingException`, `AccessDeniedException`, `DecryptionFailure`, ... */
  error?: string
  /** Answer this status, by itself without a body that AWS would send. */
  status?: number
  /** Seconds, for the `Retry-After` header. */
  retryAfter?: number
  /** Answer 307 to there; the path is appended. */
  redirect?: string
  /** Send this as the body, whatever it is, with `status` or 200. */
  body?: string
  /** Take the request and never answer. */
  hang?: boolean
  /** Cut the connection by a TCP reset. */
  reset?: boolean
  /** Sessions made while this is set last so many seconds. Not counted by `times`. */
  sessionSeconds?: number
  /** A page of a batch or list has at most so many secrets. Not counted by `times`. */
  pageSize?: number
  /** Only this operation of AWS's: `GetSecretValue`, `AssumeRole`, ... */
  operation?: string
  /** Only the next so many requests; then all switches are off. */
  times?: number
}

export interface Faults {
  /** Replaces all switches. @throws TypeError naming an unknown switch or a value of the wrong kind */
  set(switches: FaultSwitches): void
  clear(): void
  readonly current: Readonly<FaultSwitches>
  /** What to do to a request for this operation; counts it against `times`. */
  take(operation: string): Readonly<FaultSwitches>
}

export function createFaults(): Faults {
  let current: FaultSwitches = {}
  return {
    set: (switches) => {
      current = parseSwitches(switches)
    },
    clear: () => {
      current = {}
    },
    get current() {
      return current
    },
    take: (operation) => {
      const taken = current
      if (taken.operation !== undefined && taken.operation !== operation) return {}
      if (taken.times !== undefined) current = taken.times > 1 ? { ...taken, times: taken.times - 1 } : {}
      return taken
    },
  }
}

const count = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
const positive = (value: unknown) => count(value) && Number(value) > 0
const flag = (value: unknown) => typeof value === "boolean"
const line = (value: unknown) => typeof value === "string"

const accepted: Record<keyof FaultSwitches, (value: unknown) => boolean> = {
  slowMs: count,
  error: (value) => typeof value === "string" && /^\w{1,64}$/.test(value),
  status: (value) => count(value) && Number(value) >= 200 && Number(value) <= 599,
  retryAfter: count,
  redirect: line,
  body: line,
  hang: flag,
  reset: flag,
  sessionSeconds: positive,
  pageSize: positive,
  operation: line,
  times: positive,
}

/** The switches, if that is what `value` is. @throws TypeError */
function parseSwitches(value: unknown): FaultSwitches {
  if (!isObject(value)) throw new TypeError("faults are an object of switches")
  for (const [name, setting] of Object.entries(value)) {
    if (!Object.hasOwn(accepted, name))
      throw new TypeError(`no switch is called ${JSON.stringify(name)}; there are ${Object.keys(accepted)}`)
    if (setting !== undefined && !accepted[name as keyof FaultSwitches](setting))
      throw new TypeError(`the switch ${name} does not take that value`)
  }
  return { ...value }
}
