import * as z from "zod/mini"
import { LatchkeyError, type ValidationIssue } from "../errors.ts"
import { printPointer } from "../references/json-pointer.ts"

/** More would tell no more. */
const maxIssues = 20
const maxNameCharacters = 64

/**
 * What the schema makes of a request's body, of its path or of its query parameters; issues carry JSON pointers into that.
 * @throws LatchkeyError `VALIDATION`, which names unknown fields and never repeats a value
 */
export function parseInput<Value>(schema: z.core.$ZodType<Value>, input: unknown): Value {
  const parsed = tryInput(schema, input)
  if ("data" in parsed) return parsed.data
  const { issues } = parsed
  const [first] = issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more, see issues)` : ""
  throw new LatchkeyError(
    "VALIDATION",
    `The request does not fit: ${first?.pointer || "the whole"}: ${first?.message.replace(/\.$/, "")}${more}.`,
    { issues },
  )
}

export interface Misfit {
  /** What did not fit; where there are several forms, the one that was most likely meant. */
  issues: ValidationIssue[]
  /** The fields that are not known: of each form, where there are several. */
  unknown: PropertyKey[][]
}

/** As `parseInput`, for who can do something else with what does not fit. Pointers begin `below`. */
export function tryInput<Value>(
  schema: z.core.$ZodType<Value>,
  input: unknown,
  below: Path = [],
): { data: Value } | Misfit {
  const parsed = z.safeParse(schema, input, { error: inOurWords })
  if (parsed.success) return { data: parsed.data }
  const found = parsed.error.issues.flatMap((issue) => flatten(issue, below))
  return {
    issues: found
      .slice(0, maxIssues)
      .map(({ path, message }) => ({ pointer: printPointer(path.map(shorten)), message })),
    unknown: formsIn(parsed.error.issues).map(unknownIn),
  }
}

type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

/** What does not fit each of the forms that the whole may have. */
function formsIn(issues: readonly Issue[]): readonly (readonly Issue[])[] {
  const union = issues.find((issue) => issue.code === "invalid_union" && issue.path.length === 0)
  return union?.code === "invalid_union" && union.errors.length > 0 ? union.errors : [issues]
}

const unknownIn = (issues: readonly Issue[]): PropertyKey[] =>
  issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []))

/** One entry for each unknown field, and of a union the branch that was most likely meant. */
function flatten(issue: Issue, parents: Path): { path: Path; message: string }[] {
  const path = [...parents, ...issue.path]
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], message: "is not a known field" }))
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.flatMap((inner) => flatten(inner, path)))
    return branches.reduce((best, branch) => (branch.length < best.length ? branch : best))
  }
  return [{ path, message: issue.message }]
}

/**
 * Our words for what zod found, where a schema has none of its own. They say what was expected, never what came:
 * where configurations are sent, what came may be a secret.
 */
function inOurWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is required"
      return `must be ${issue.expected === "int" ? "a whole number" : `of type ${issue.expected}`}`
    case "invalid_value":
      return `must be ${oneOf(issue.values)}`
    case "invalid_union":
      return Array.isArray(issue.options)
        ? `must be ${oneOf(issue.options)}`
        : "fits none of the accepted forms"
    case "too_big":
      return `must ${bound(issue.origin, "at most", issue.maximum)}`
    case "too_small":
      return `must ${bound(issue.origin, "at least", issue.minimum)}`
    case "invalid_format":
      return "has the wrong format"
    default:
      return "is not accepted"
  }
}

function oneOf(values: readonly unknown[]): string {
  // A field with a default may be left out, which is none of its values.
  const quoted = values.filter((value) => value !== undefined).map((value) => JSON.stringify(value))
  return quoted.length === 1 ? `${quoted[0]}` : `one of ${quoted.join(", ")}`
}

function bound(origin: string, which: "at most" | "at least", value: number | bigint): string {
  if (origin === "string") return `have ${which} ${value} characters`
  if (origin === "array") return `have ${which} ${value} entries`
  return `be ${which} ${value}`
}

/** Names of unknown fields come from the request: long ones are cut. */
function shorten(key: PropertyKey): string {
  const name = String(key)
  return name.length > maxNameCharacters ? `${name.slice(0, maxNameCharacters)}...` : name
}
