import { LatchkeyError } from "../errors.ts"
import { connectionIdPattern } from "../ids.ts"
import { limits } from "../limits.ts"
import { backslashesBefore, escapePath, indexOfUnescaped, trimSpaces, unescapePath } from "./escapes.ts"
import { parseOptions, printOptions, type ReferenceOptions } from "./reference-options.ts"

/** What a text is made of, in order: literal text as it is to appear, and references. No literal is empty, no two touch. */
export type Template = readonly Part[]

export type Part = string | Reference | Malformed

export interface Reference {
  kind: "reference"
  connectionId: string
  /** What the provider calls the secret, escapes resolved. */
  path: string
  /** The path as it is written, without its options and the plain spaces around it: for the audit. */
  rawPath: string
  /** Known by name, percent-decoded. */
  options: ReferenceOptions
  form: "latchkey" | "activepieces"
}

/** What starts as a reference and is none: resolving it is the error `INVALID_PATH`, never its text. */
export interface Malformed {
  kind: "malformed"
  /** What to write instead; repeats nothing of the text but a plain option name. */
  message: string
  /** Where the text names one. */
  connectionId?: string
}

/** What a reference is printed from. */
export interface ReferenceTarget {
  connectionId: string
  /** As the provider calls the secret, without escapes. */
  path: string
  options?: ReferenceOptions
}

const opening = "{{secret://"
const closing = "}}"
const separator = "|ap_sep_v1|"
const noOptions: ReferenceOptions = Object.freeze({})

/**
 * Reads a text with references. Total, and linear in the length of the text: any string gives literals, references and
 * malformed ones. It stops at the first reference past `most`, so that a text full of them costs no more than is allowed.
 */
export function parseTemplate(text: string, most = Number.POSITIVE_INFINITY): Template {
  if (!text.includes("{{")) return text === "" ? [] : [text]
  const whole = parseActivepieces(text)
  return whole === undefined ? parseParts(text, most) : [whole]
}

/**
 * Writes one reference, such that `parseTemplate` gives it back.
 * @throws LatchkeyError `VALIDATION` where no reference can say that: a bad id, an empty path, one too long, bad options
 */
export function printReference({ connectionId, path, options = noOptions }: ReferenceTarget): string {
  const content = `${connectionId}/${escapePath(path)}${printOptions(options)}`
  const parsed = parseReference(content)
  if (parsed.kind === "malformed") throw new LatchkeyError("VALIDATION", parsed.message)
  // A slash in the id would make a shorter id of it, and a longer path.
  if (parsed.connectionId !== connectionId) throw new LatchkeyError("VALIDATION", messages.id)
  return opening + content + closing
}

/**
 * Writes a template: literal texts, whatever they contain, and references between them. Texts that are put together
 * afterwards may become a reference that neither of them was, so build a template here, not by concatenation.
 * @throws LatchkeyError `VALIDATION` as `printReference`, and where the result would be the Activepieces form
 */
export function printTemplate(parts: readonly (string | ReferenceTarget)[]): string {
  let text = ""
  let literal = ""
  for (const part of parts) {
    if (typeof part === "string") {
      literal += part
    } else {
      text += doubleLastBackslashes(escapeOpenings(literal)) + printReference(part)
      literal = ""
    }
  }
  text += escapeOpenings(literal)
  if (parseActivepieces(text) !== undefined) throw new LatchkeyError("VALIDATION", messages.activepieces)
  return text
}

/**
 * Writes a whole string such that resolving it gives `text` back, whatever it contains. There is one kind of text for
 * which that is impossible, since the Activepieces form takes no escapes: `{{<connectionId>|ap_sep_v1|<path>}}`.
 * Part of a string is written by `printTemplate`.
 * @throws LatchkeyError `VALIDATION` for the Activepieces form: leave the place of such a text out of `at`
 */
export function escapeLiteral(text: string): string {
  return printTemplate([text])
}

/** Escaped openings become literal; of the backslashes before any opening, each pair is one. */
function parseParts(text: string, most: number): Template {
  const parts: Part[] = []
  let references = 0
  let literal = ""
  let position = 0
  for (let start = text.indexOf(opening); start !== -1; start = text.indexOf(opening, position)) {
    const backslashes = backslashesBefore(text, start)
    literal += text.slice(position, start - Math.ceil(backslashes / 2))
    position = start + opening.length
    if (backslashes % 2 === 1) {
      literal += opening
      continue
    }
    if (literal !== "") parts.push(literal)
    literal = ""
    const end = indexOfUnescaped(text, closing, position)
    if (end === -1) {
      parts.push(unclosed(text.slice(position)))
      return parts
    }
    parts.push(parseReference(text.slice(position, end)))
    references++
    if (references > most) return parts
    position = end + closing.length
  }
  literal += text.slice(position)
  if (literal !== "") parts.push(literal)
  return parts
}

/** `content` is what stands between the opening and the closing braces. */
function parseReference(content: string): Reference | Malformed {
  const [connectionId, tail] = splitAt(content, content.indexOf("/"), 1)
  if (!connectionIdPattern.test(connectionId)) return malformed(messages.id)
  if (tail === undefined) return malformed(messages.noPath, connectionId)

  const [written, optionsText] = splitAt(tail, indexOfUnescaped(tail, "?", 0), 1)
  const rawPath = trimSpaces(written)
  if (rawPath === "") return malformed(messages.noPath, connectionId)
  if (isTooLong(rawPath)) return malformed(messages.pathTooLong, connectionId)
  const path = unescapePath(rawPath)
  if (path === undefined) return malformed(messages.escape, connectionId)

  if (optionsText !== undefined && isTooLong(optionsText))
    return malformed(messages.optionsTooLong, connectionId)
  const options = optionsText === undefined ? noOptions : parseOptions(trimSpaces(optionsText))
  if (typeof options === "string") return malformed(options, connectionId)
  return { kind: "reference", connectionId, path, rawPath, options, form: "latchkey" }
}

/**
 * The form that Activepieces stores, which is a whole string; undefined where the text is not that. What has braces
 * before the separator is a template around it, and what starts as our form is ours.
 */
function parseActivepieces(text: string): Reference | Malformed | undefined {
  if (!text.includes(separator)) return undefined
  const trimmed = text.trim()
  if (!trimmed.startsWith("{{") || trimmed.startsWith(opening) || !trimmed.endsWith(closing)) return undefined
  const content = trimmed.slice("{{".length, -closing.length)
  const [connectionId, path = ""] = splitAt(content, content.indexOf(separator), separator.length)
  if (connectionId === "" || path === "" || /[{}]/.test(connectionId)) return undefined
  if (!connectionIdPattern.test(connectionId)) return malformed(messages.id)
  if (isTooLong(path)) return malformed(messages.pathTooLong, connectionId)
  return {
    kind: "reference",
    connectionId,
    path,
    rawPath: path,
    options: noOptions,
    form: "activepieces",
  }
}

const messages = {
  id: "A reference starts with the id of a connection: {{secret://<connectionId>/<path>}}.",
  noPath: "A reference names a path after the connection: {{secret://<connectionId>/<path>}}.",
  unclosed: "A reference ends with }}. A } that belongs to the path and ends it is written \\}.",
  escape:
    "A backslash in a path stands before \\, {, }, ? or a space. One that belongs to the path is written \\\\.",
  pathTooLong: `The path of a reference has at most ${limits.pathCharacters} characters.`,
  optionsTooLong: `The options of a reference have at most ${limits.pathCharacters} characters.`,
  activepieces: `Text of the form {{<connectionId>${separator}<path>}} is a reference and cannot be escaped. Name the places to resolve in \`at\`, and leave its place out.`,
} as const

function malformed(message: string, connectionId?: string): Malformed {
  return connectionId === undefined
    ? { kind: "malformed", message }
    : { kind: "malformed", message, connectionId }
}

function unclosed(content: string): Malformed {
  const [connectionId] = splitAt(content, content.indexOf("/"), 1)
  return malformed(messages.unclosed, connectionIdPattern.test(connectionId) ? connectionId : undefined)
}

/** What stands before and after the `length` units at `index`; all of it before, where that is -1. */
function splitAt(text: string, index: number, length: number): [string, string | undefined] {
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + length)]
}

/** Counts code points, and only where their number is in doubt. */
function isTooLong(text: string): boolean {
  if (text.length <= limits.pathCharacters) return false
  if (text.length > 2 * limits.pathCharacters) return true
  return [...text].length > limits.pathCharacters
}

/** Doubles the backslashes before each opening and adds the one that escapes it: what `parseParts` takes off again. */
function escapeOpenings(literal: string): string {
  let escaped = ""
  let position = 0
  for (let start = literal.indexOf(opening); start !== -1; start = literal.indexOf(opening, position)) {
    const backslashes = backslashesBefore(literal, start)
    escaped += `${literal.slice(position, start)}${"\\".repeat(backslashes + 1)}${opening}`
    position = start + opening.length
  }
  return escaped + literal.slice(position)
}

/** A literal that a live reference follows. */
function doubleLastBackslashes(literal: string): string {
  return literal + "\\".repeat(backslashesBefore(literal, literal.length))
}
