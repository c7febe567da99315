import { randomInt } from "node:crypto"
import type { Json } from "../../../core/json.ts"
import { isObject } from "../../../core/json.ts"
import { VaultError } from "./protocol.ts"

/** Go's RFC 3339 with nanoseconds: nine digits, which not every parser of dates takes. */
export function timestamp(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace("Z", `${String(randomInt(1, 1_000_000)).padStart(6, "0")}Z`)
    .replace(/0+Z$/, "Z")
}

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of a duration as Vault takes it: a number of seconds, also in a string, or `1h30m`. @throws VaultError 400 */
export function seconds(value: Json | undefined, fallback = 0): number {
  if (value === undefined || value === null || value === "") return fallback
  if (typeof value === "number") return value
  if (typeof value === "string" && /^\d+$/.test(value)) return Number(value)
  if (typeof value === "string" && /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(value)) {
    const parts = [...value.matchAll(/([\d.]+)(ms|[smhd])/g)]
    return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (unitSeconds[unit] ?? 0), 0)
  }
  throw new VaultError(400, `time: invalid duration ${JSON.stringify(value)}`)
}

/** @throws VaultError 400 */
export function integer(name: string, value: string | null): number {
  if (value === null || value === "") return 0
  if (/^-?\d+$/.test(value)) return Number(value)
  throw new VaultError(
    400,
    `Field validation failed: error converting input for field "${name}": '' cannot parse value as 'int': strconv.ParseInt: invalid syntax`,
  )
}

/** A list of strings as Vault takes it: an array, or one string with commas. */
export function strings(value: Json | undefined): string[] {
  if (typeof value === "string") return value.split(",").flatMap((part) => part.trim() || [])
  return Array.isArray(value) ? value.map(String) : []
}

export const text = (value: Json | undefined): string => (typeof value === "string" ? value : "")

/** The value with its keys in order at every depth, as Go's maps come out of its JSON encoder. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value) || exact.isRawJSON(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** Parses JSON so that numbers come out of `JSON.stringify` exactly as they were written: `1.0`, 20 digits. */
export function parseExactly(json: string): Json {
  return exact.parse(json, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? exact.rawJSON(source) : value,
  )
}

/** ES2026's access to the source text of JSON, which Node has and TypeScript's library does not describe yet. */
const exact = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: Json, context: { source?: string }) => Json): Json
  rawJSON(text: string): Json
  isRawJSON(value: unknown): boolean
}
