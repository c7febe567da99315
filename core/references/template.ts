import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import { limits } from "../limits.ts"
import { parsePointer, printPointer } from "./json-pointer.ts"
import { parseTemplate, type Template } from "./reference.ts"

/** A string that holds references. */
export interface Place {
  /** JSON pointer to it, in the value that was searched. */
  pointer: string
  /** At least one is no literal. */
  parts: Template
}

/** A value and what is to be replaced in it. */
export interface Found {
  value: Json
  /** In the order in which a walk meets them. */
  places: readonly Place[]
  /** Absent where the value is to stay as it is. */
  edit: Edit | undefined
}

type Edit =
  | { kind: "place"; place: Place }
  /** A string without references, but with escaped text. */
  | { kind: "text"; text: string }
  | { kind: "array"; source: Json[]; items: { key: number; edit: Edit }[] }
  | { kind: "object"; source: { [key: string]: Json }; items: { key: string; edit: Edit }[] }

/**
 * Finds the references in the strings of a JSON value, at or below the JSON pointers `at`; everywhere without them.
 * Keys are not searched, and what is outside `at` passes as it is, escapes included. Linear in the size of the value.
 * @throws LatchkeyError `VALIDATION` where the value nests deeper than 64 levels, inside `at` or not, and where `at` has
 *   what is no JSON pointer; `TOO_MANY_REFERENCES` past 500 of them, malformed ones and repetitions included
 */
export function findReferences(value: Json, at?: readonly string[]): Found {
  const places: Place[] = []
  let references = 0

  function search(node: Json, scope: Scope, trail: Trail): Edit | undefined {
    if (typeof node === "string") return scope.here ? searchText(node, trail) : undefined
    if (typeof node !== "object" || node === null) return undefined
    if (trail.depth === limits.depth) throw tooDeep()
    return Array.isArray(node) ? searchArray(node, scope, trail) : searchObject(node, scope, trail)
  }

  function searchArray(source: Json[], scope: Scope, trail: Trail): Edit | undefined {
    const items: { key: number; edit: Edit }[] = []
    for (const [key, child] of source.entries()) {
      if (!mayHold(child)) continue
      const edit = search(child, scopeOfChild(scope, key), trailOfChild(trail, key))
      if (edit !== undefined) items.push({ key, edit })
    }
    return items.length === 0 ? undefined : { kind: "array", source, items }
  }

  function searchObject(source: { [key: string]: Json }, scope: Scope, trail: Trail): Edit | undefined {
    const items: { key: string; edit: Edit }[] = []
    for (const key of Object.keys(source)) {
      const child = source[key]
      if (child === undefined || !mayHold(child)) continue
      const edit = search(child, scopeOfChild(scope, key), trailOfChild(trail, key))
      if (edit !== undefined) items.push({ key, edit })
    }
    return items.length === 0 ? undefined : { kind: "object", source, items }
  }

  function searchText(text: string, trail: Trail): Edit | undefined {
    const parts = parseTemplate(text, limits.references - references)
    const found = parts.filter((part) => typeof part !== "string").length
    if (found === 0) {
      const [literal = ""] = parts as readonly string[]
      return literal === text ? undefined : { kind: "text", text: literal }
    }
    references += found
    if (references > limits.references) throw tooMany()
    const place = { pointer: pointerOf(trail), parts }
    places.push(place)
    return { kind: "place", place }
  }

  const edit = search(value, scopeOf(at), { parent: undefined, key: "", depth: 0, pointer: "" })
  return { value, places, edit }
}

/**
 * The value with each place replaced by what `replace` gives for it, in the order of `places`. The value that was
 * searched is not changed; parts of it in which nothing is replaced are shared with the result.
 */
export function rebuild(found: Found, replace: (place: Place) => string | null): Json {
  function apply(edit: Edit): Json {
    switch (edit.kind) {
      case "place":
        return replace(edit.place)
      case "text":
        return edit.text
      case "array": {
        const copy = [...edit.source]
        for (const { key, edit: child } of edit.items) copy[key] = apply(child)
        return copy
      }
      case "object": {
        // The copy has every key as its own property already, so that setting `__proto__` sets plain data.
        const copy = { ...edit.source }
        for (const { key, edit: child } of edit.items) copy[key] = apply(child)
        return copy
      }
      default:
        return edit satisfies never
    }
  }
  return found.edit === undefined ? found.value : apply(found.edit)
}

/** Most of a value is numbers and plain strings: nothing is made for them. */
function mayHold(value: Json): boolean {
  return typeof value === "string" ? value.includes("{{") : typeof value === "object" && value !== null
}

/** How a value was reached. Its pointer is made when first asked for, and only once: a long key is not escaped 500 times. */
interface Trail {
  parent: Trail | undefined
  key: string | number
  /** How many arrays and objects the value is in. */
  depth: number
  pointer: string | undefined
}

function trailOfChild(parent: Trail, key: string | number): Trail {
  return { parent, key, depth: parent.depth + 1, pointer: undefined }
}

function pointerOf(trail: Trail): string {
  if (trail.parent === undefined) return ""
  trail.pointer ??= pointerOf(trail.parent) + printPointer([trail.key])
  return trail.pointer
}

/** Where references are read: here and at everything below, else only below some of the keys. */
interface Scope {
  here: boolean
  below: Map<string, Scope>
}

const everywhere: Scope = { here: true, below: new Map() }
const nowhere: Scope = { here: false, below: new Map() }

function scopeOf(at: readonly string[] | undefined): Scope {
  if (at === undefined) return everywhere
  const root: Scope = { here: false, below: new Map() }
  for (const [index, pointer] of at.entries()) {
    const keys = parsePointer(pointer)
    if (keys === undefined) throw noPointer(index)
    // Such a one names nothing, the value being no deeper, and would cost a map for each of its keys.
    if (keys.length > limits.depth) continue
    let scope = root
    for (const key of keys) {
      const next: Scope = scope.below.get(key) ?? { here: false, below: new Map() }
      scope.below.set(key, next)
      scope = next
    }
    scope.here = true
  }
  return root
}

function scopeOfChild(scope: Scope, key: string | number): Scope {
  if (scope.here) return everywhere
  if (scope.below.size === 0) return nowhere
  return scope.below.get(String(key)) ?? nowhere
}

function tooDeep(): LatchkeyError {
  const message = `nests deeper than ${limits.depth} levels`
  return new LatchkeyError("VALIDATION", `The value ${message}.`, {
    issues: [{ pointer: "/value", message }],
  })
}

function noPointer(index: number): LatchkeyError {
  const message = "must be a JSON pointer (RFC 6901), such as /auth/token"
  return new LatchkeyError("VALIDATION", `Each of \`at\` ${message}.`, {
    issues: [{ pointer: `/at/${index}`, message }],
  })
}

function tooMany(): LatchkeyError {
  return new LatchkeyError(
    "TOO_MANY_REFERENCES",
    `One request resolves at most ${limits.references} references. Split the value, or name places in \`at\`.`,
  )
}
