import { isObject, own } from "../../json.ts"
import { isId, type Named } from "./store.ts"

/** What came over the wire is anything at all, whatever the SDKs' types say. */
export function toNamed(thing: unknown, name: "name" | "title" | "label"): Named {
  return { id: textOf(thing, "id") ?? "", title: textOf(thing, name) ?? "" }
}

/** Without an id of 1Password's nothing can be asked for. */
export const isKnown = ({ id }: Named): boolean => isId(id)

export function textOf(thing: unknown, name: string): string | undefined {
  const value: unknown = isObject(thing) ? own(thing, name) : undefined
  return typeof value === "string" ? value : undefined
}

/** Its entries that are objects. */
export function listOf(thing: unknown, name: string): object[] {
  const list: unknown = isObject(thing) ? own(thing, name) : undefined
  return Array.isArray(list) ? list.filter((entry) => isObject(entry)) : []
}

/** Not everything that JSON can hold can be written as a string. */
export function versionOf(item: unknown): string {
  const version = isObject(item) ? own(item, "version") : undefined
  return typeof version === "number" || typeof version === "string" ? `${version}` : ""
}
