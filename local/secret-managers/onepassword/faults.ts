import { isObject } from "../../../core/json.ts"

/** What can be counted, and what a fault can be limited to. */
export const operationNames = [
  "list-vaults",
  "read-vault",
  "list-items",
  "read-item",
  "read-file",
  "write",
  "health",
  "other",
] as const

export type OperationName = (typeof operationNames)[number]

/** What goes wrong, on purpose. Switches add up: `{ slowMs: 500, status: 500 }` is a slow failure. */
export interface FaultSwitches {
  /** Wait this long before answering. */
  slowMs?: number
  /** Answer this status with an error of Connect's: 401, 403, 404, 429, 500, 503, ... */
  status?: number
  /** Seconds, for the `Retry-After` header. */
  retryAfter?: number
  /** Where a 307 points; the path is appended. */
  redirect?: string
  /** Send this as the body, whatever it is, with `status` or 200. */
  body?: string
  /** Take the request and never answer. */
  hang?: boolean
  /** Cut the connection by a TCP reset. */
  reset?: boolean
  /** Only requests of this kind. */
  operation?: OperationName
  /** Only the next so many requests; then all switches are off. */
  times?: number
}

export interface Faults {
  /** Replaces all switches. @throws TypeError naming an unknown switch or a value of the wrong kind */
  set(switches: FaultSwitches): void
  clear(): void
  readonly current: Readonly<FaultSwitches>
  /** What to do to a request of this kind; counts it against `times`. */
  take(operation: OperationName): Readonly<FaultSwitches>
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
const flag = (value: unknown) => typeof value === "boolean"
const line = (value: unknown) => typeof value === "string"

const accepted: Record<keyof FaultSwitches, (value: unknown) => boolean> = {
  slowMs: count,
  status: (value) => count(value) && Number(value) >= 200 && Number(value) <= 599,
  retryAfter: count,
  redirect: line,
  body: line,
  hang: flag,
  reset: flag,
  operation: (value) => operationNames.some((name) => name === value),
  times: (value) => count(value) && Number(value) > 0,
}

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
