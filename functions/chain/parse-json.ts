import { LatchkeyError } from "../../core/errors.ts"
import type { Json } from "../../core/json.ts"

/** How deep a value to resolve may nest, and the object around it. */
export const maxDepth = 64 + 1

const quote = 34
const backslash = 92

/**
 * Parses JSON as `JSON.parse` does (`__proto__` and `constructor` are plain own keys, of duplicates the last counts), after
 * a scan that refuses deep nesting. Both take time proportional to the length.
 * @throws LatchkeyError `VALIDATION`, quoting nothing of the text
 */
export function parseJson(text: string, maxDepth: number): Json {
  if (nestsDeeper(text, maxDepth)) throw tooDeep(maxDepth)
  try {
    return JSON.parse(text) as Json
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw invalid("The body is not valid JSON.", "is not valid JSON")
  }
}

/** Whether brackets outside strings nest deeper than `maxDepth`. Text that is not JSON may get either answer. */
function nestsDeeper(text: string, maxDepth: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at + 1)
        break
      case 91: // [
      case 123: // {
        depth++
        if (depth > maxDepth) return true
        break
      case 93: // ]
      case 125: // }
        depth--
    }
  }
  return false
}

/** The index of the quote that ends the string whose content starts at `from`, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (end - escapes > from && text.charCodeAt(end - escapes - 1) === backslash) escapes++
    if (escapes % 2 === 0) return end
  }
  return text.length
}

/**
 * Checks a value that was parsed already, as the payload of a direct invocation is.
 * @throws LatchkeyError `VALIDATION` where it nests too deep, `PAYLOAD_TOO_LARGE` where it takes more bytes as JSON than
 *   `maxBytes`, escapes in strings not counted
 */
export function checkParsed(value: unknown, maxDepth: number, maxBytes: number): void {
  const stack = [{ value, depth: 0 }]
  let bytes = 0
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, depth } = next
    if (typeof value === "string") bytes += Buffer.byteLength(value) + 2
    else if (typeof value !== "object" || value === null) bytes += String(value).length
    else {
      if (depth === maxDepth) throw tooDeep(maxDepth)
      bytes += 2
      for (const key of Object.keys(value)) {
        bytes += Array.isArray(value) ? 1 : Buffer.byteLength(key) + 4
        stack.push({ value: (value as Record<string, unknown>)[key], depth: depth + 1 })
      }
    }
    if (bytes > maxBytes) throw tooLarge(maxBytes)
  }
}

export const tooLarge = (limit: number) =>
  new LatchkeyError("PAYLOAD_TOO_LARGE", `The body is larger than ${limit / 1024} KiB. Send less at a time.`)

export const invalid = (detail: string, message: string, pointer = "") =>
  new LatchkeyError("VALIDATION", detail, { issues: [{ pointer, message }] })

const tooDeep = (maxDepth: number) =>
  invalid(`The body nests deeper than ${maxDepth} levels.`, `nests deeper than ${maxDepth} levels`)
