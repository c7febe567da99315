import { isObject, type Json } from "../json.ts"

/**
 * One string for one list of strings: no two lists share an encoding, so it can serve as additional data, as the input
 * of a MAC and as a key in memory.
 */
export function canonical(parts: readonly string[]): string {
  return JSON.stringify(parts)
}

/** JSON with the keys of every object in code-unit order: equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
  return `{${members.join(",")}}`
}
