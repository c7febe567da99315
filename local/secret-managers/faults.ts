import { isObject } from "../../core/json.ts"

/** What goes wrong, on purpose, at any sandbox secret manager. Switches add up: `{ slowMs: 500, status: 500 }` is a slow failure. */
export interface CommonSwitches<Operation extends string = string> {
  /** Wait this long before answering. */
  slowMs?: number
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
  operation?: Operation
  /** Only the next so many requests; then all switches are off. */
  times?: number
}

export interface FaultsOf<Switches extends CommonSwitches> {
  /** Replaces all switches. @throws TypeError naming an unknown switch or a value of the wrong kind */
  set(switches: Switches): void
  clear(): void
  readonly current: Readonly<Switches>
  /** What to do to a request of this kind; counts it against `times`. */
  take(operation: NonNullable<Switches["operation"]>): Readonly<Switches>
}

type Accepts = (value: unknown) => boolean

export const count: Accepts = (value) => Number.isSafeInteger(value) && Number(value) >= 0
export const positive: Accepts = (value) => count(value) && Number(value) > 0
export const flag: Accepts = (value) => typeof value === "boolean"
export const line: Accepts = (value) => typeof value === "string"
export const oneOf =
  (names: readonly string[]): Accepts =>
  (value) =>
    names.some((name) => name === value)

const common = {
  slowMs: count,
  status: (value: unknown) => count(value) && Number(value) >= 200 && Number(value) <= 599,
  retryAfter: count,
  redirect: line,
  body: line,
  hang: flag,
  reset: flag,
  times: positive,
}

/** @param own what the server's own switches take, and `operation` */
export function faultsOf<Switches extends CommonSwitches>(
  own: Readonly<Record<Exclude<keyof Switches, keyof typeof common>, Accepts>>,
): FaultsOf<Switches> {
  const accepted: Readonly<Record<string, Accepts>> = { ...common, ...own }
  const none = {} as Switches
  let current = none
  return {
    set: (switches) => {
      current = parse(switches, accepted)
    },
    clear: () => {
      current = none
    },
    get current() {
      return current
    },
    take: (operation) => {
      const taken = current
      if (taken.operation !== undefined && taken.operation !== operation) return none
      if (taken.times !== undefined) current = taken.times > 1 ? { ...taken, times: taken.times - 1 } : none
      return taken
    },
  }
}

function parse<Switches>(value: Switches, accepted: Readonly<Record<string, Accepts>>): Switches {
  if (!isObject(value)) throw new TypeError("faults are an object of switches")
  for (const [name, setting] of Object.entries(value)) {
    const accepts = Object.hasOwn(accepted, name) ? accepted[name] : undefined
    if (!accepts)
      throw new TypeError(`no switch is called ${JSON.stringify(name)}; there are ${Object.keys(accepted)}`)
    if (setting !== undefined && !accepts(setting))
      throw new TypeError(`the switch ${name} does not take that value`)
  }
  return { ...value }
}
