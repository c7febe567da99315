import { isObject, own } from "../../../core/json.ts"
import { AwsError, type Call, needed, text, texts } from "./protocol.ts"
import type { StoredParameter } from "./state.ts"

interface Filter {
  key: string
  option: string
  values: readonly string[]
}

/** Whether a parameter passes all `ParameterFilters` of a call. @throws AwsError for filters that there are not */
export function passesFilters(call: Call): (parameter: StoredParameter) => boolean {
  const filters = filtersOf(call)
  return (parameter) => filters.every((filter) => passes(parameter, filter))
}

function filtersOf({ input }: Call): Filter[] {
  const filters = own(input, "ParameterFilters") ?? []
  if (!Array.isArray(filters) || !filters.every(isObject)) {
    throw new AwsError("SerializationException", "ParameterFilters must be a list of filters.")
  }
  return filters.map((filter) => ({
    key: needed(filter, "Key"),
    option: text(filter, "Option") ?? "Equals",
    values: texts(filter, "Values") ?? [],
  }))
}

function passes({ name, type }: StoredParameter, { key, option, values }: Filter): boolean {
  const test = tests[`${key} ${key === "Path" && option === "Equals" ? "OneLevel" : option}`]
  if (test) return values.some((value) => test({ name, type }, value))
  throw new AwsError("InvalidFilterKey", "The sandbox knows the filters `Name`, `Path` and `Type` alone.")
}

type FilterTest = (parameter: Pick<StoredParameter, "name" | "type">, value: string) => boolean

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html */
const tests: Readonly<Record<string, FilterTest>> = {
  "Name Equals": ({ name }, value) => name === value,
  "Name BeginsWith": ({ name }, value) => name.startsWith(value),
  "Name Contains": ({ name }, value) => name.includes(value),
  "Path OneLevel": ({ name }, value) => isBelow(name, value) && !name.slice(depth(value)).includes("/"),
  "Path Recursive": ({ name }, value) => isBelow(name, value),
  "Type Equals": ({ type }, value) => type === value,
}

const depth = (path: string) => (path.endsWith("/") ? path.length : path.length + 1)
const isBelow = (name: string, path: string) => name.startsWith(path.endsWith("/") ? path : `${path}/`)
