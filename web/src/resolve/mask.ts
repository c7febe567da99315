import type { Resolution } from "../../../core/client/index.ts"

type Value = Resolution["value"]

/** A copy in which each string that held a reference is replaced: everything else was in the template already. */
export function masked(value: Value, pointers: readonly string[], mask: string): Value {
  const places = new Set(pointers)
  const walk = (part: Value, pointer: string): Value => {
    if (typeof part === "string") return places.has(pointer) ? mask : part
    if (Array.isArray(part)) return part.map((item, index) => walk(item, `${pointer}/${index}`))
    if (typeof part !== "object" || part === null) return part
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [
        key,
        walk(item, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
      ]),
    )
  }
  return walk(value, "")
}
