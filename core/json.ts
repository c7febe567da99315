/** Any JSON value. Objects may have `__proto__` and `constructor` as plain keys, as `JSON.parse` makes them. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** The value of `key` if it is the object's own, else undefined: inherited names are no data. */
export function own(object: { [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

export function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Whether arrays and objects nest deeper than `limit`. Goes level by level: recursion would end at the stack. */
export function nestsDeeper(value: Json, limit: number): boolean {
  let level = [value]
  for (let depth = 0; depth <= limit; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []))
    if (level.length === 0) return false
  }
  return true
}

/** About the bytes that a value takes in memory, where a mebibyte of `{},` is twenty. It may nest too deep for recursion. */
export function bytesInMemory(value: Json): number {
  const [slot, header] = [8, 40]
  let bytes = 0
  const left = [value]
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    bytes += slot
    if (typeof one === "string") bytes += header + one.length
    else if (Array.isArray(one)) {
      bytes += header
      for (const item of one) left.push(item)
    } else if (isObject(one)) {
      bytes += header
      for (const [key, item] of Object.entries(one)) {
        bytes += header + key.length
        left.push(item)
      }
    }
  }
  return bytes
}
