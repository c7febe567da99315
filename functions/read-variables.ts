import { isObject } from "../core/json.ts"

export type Environment = Readonly<Record<string, string | undefined>>

/** What a variable's text says, or undefined where it does not fit. `expected` continues "must be". */
export interface VariableType<Value> {
  expected: string
  read(text: string): Value | undefined
}

/**
 * Reads variables one by one and gathers what is wrong, so that one attempt names it all. Written out instead of left to
 * zod, since building and first using its schemas takes 8 ms of every cold start.
 */
export function variablesOf(environment: Environment) {
  const problems: string[] = []

  /** Without a fallback the variable is required. What is wrong reads as nothing: call `assertComplete` before use. */
  function read<Value>(name: string, type: VariableType<Value>, fallback?: Value): Value {
    const text = environment[name]
    if (text === undefined && fallback !== undefined) return fallback
    const value = text === undefined ? undefined : type.read(text)
    if (value === undefined)
      problems.push(`${name}${text === undefined ? " is missing: it" : ""} must be ${type.expected}`)
    return value as Value
  }

  /** As a property of this name; nothing where the variable is not set. */
  function readGiven<Name extends string, Value>(
    property: Name,
    name: string,
    type: VariableType<Value>,
  ): { [Key in Name]?: Value } {
    return environment[name] === undefined
      ? {}
      : ({ [property]: read(name, type) } as { [Key in Name]: Value })
  }

  /** @throws Error that names each variable that is missing or wrong, and what it should be, without its value */
  function assertComplete(): void {
    if (problems.length > 0)
      throw new Error(`The environment of this function is not complete: ${problems.join("; ")}.`)
  }

  return { read, readGiven, assertComplete }
}

export const text: VariableType<string> = {
  expected: "a text that is not empty",
  read: (text) => (text === "" ? undefined : text),
}

export const url: VariableType<string> = {
  expected: "a URL",
  read: (text) => (URL.canParse(text) ? text : undefined),
}

export function oneOf<Word extends string>(...words: Word[]): VariableType<Word> {
  return { expected: `one of ${words.join(", ")}`, read: (text) => words.find((word) => word === text) }
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): VariableType<number> {
  const limit = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`
  return {
    expected: `a whole number, ${limit}`,
    read(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

/** JSON of which `shape` makes a value, or undefined where it has another form. */
export function json<Value>(
  expected: string,
  shape: (parsed: unknown) => Value | undefined,
): VariableType<Value> {
  return {
    expected: `JSON: ${expected}`,
    read(text) {
      try {
        return shape(JSON.parse(text))
      } catch {
        return undefined
      }
    },
  }
}

/** A list of what `item` accepts. */
export function listOf<Item>(
  item: (value: unknown) => Item | undefined,
): (value: unknown) => Item[] | undefined {
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const items = value.map(item).filter((one) => one !== undefined)
    return items.length === value.length ? items : undefined
  }
}

/** The object's fields, where it has no others than these. */
export function fieldsOf(value: unknown, names: readonly string[]): Record<string, unknown> | undefined {
  return isObject(value) && Object.keys(value).every((name) => names.includes(name)) ? value : undefined
}

export const isText = (value: unknown): value is string => typeof value === "string" && value !== ""
