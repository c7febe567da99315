import { LatchkeyError } from "../../core/errors.ts"
import type { Json } from "../../core/json.ts"

const quote = 34
const backslash = 92

/**
 * Parses JSON as `JSON.parse` does (`__proto__` and `constructor` are plain own keys, of duplicates the last counts), after
 * a scan that refuses deep nesting, and numbers that are too large for a double: `JSON.parse` makes them infinite, which
 * would be written back as null. Takes time proportional to the length.
 * @param depth how deep what is within the outermost object or array may nest
 * @throws LatchkeyError `VALIDATION`, quoting nothing of the text
 */
export function parseJson(text: string, depth: number): Json {
  scan(text, depth)
  try {
    return JSON.parse(text) as Json
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw invalid("The body is not valid JSON.", "is not valid JSON")
  }
}

/** Looks at brackets and numbers outside strings. Text that is not JSON may be refused for either, or for neither. */
function scan(text: string, maxDepth: number): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    switch (code) {
      case quote:
        at = endOfString(text, at + 1)
        break
      case 91: // [
      case 123: // {
        depth++
        if (depth > maxDepth + 1) throw tooDeep(maxDepth)
        break
      case 93: // ]
      case 125: // }
        depth--
        break
      default:
        if (isDigit(code)) at = endOfNumber(text, at) - 1
    }
  }
}

const isDigit = (code: number) => code >= 48 && code <= 57

/** The index behind the number that starts at `from`, its sign apart. @throws LatchkeyError for one that no double can hold */
function endOfNumber(text: string, from: number): number {
  let end = from + 1
  let exponent = false
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === 69 || code === 101)
      exponent = true // E, e
    else if (!isDigit(code) && code !== 46 && code !== 43 && code !== 45) break // . + -
  }
  const suspect = exponent || end - from > 308
  if (suspect && Number(text.slice(from, end)) === Number.POSITIVE_INFINITY) throw tooLargeNumber()
  return end
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
 * @throws LatchkeyError `VALIDATION` where it nests too deep or holds an infinite number, `PAYLOAD_TOO_LARGE` where it takes more bytes as JSON than
 *   `maxBytes`, escapes in strings not counted
 */
export function checkParsed(value: unknown, maxDepth: number, maxBytes: number): void {
  const stack = [{ value, depth: 0 }]
  let bytes = 0
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, depth } = next
    if (typeof value === "string") bytes += Buffer.byteLength(value) + 2
    else if (typeof value === "number" && !Number.isFinite(value)) throw tooLargeNumber()
    else if (typeof value !== "object" || value === null) bytes += String(value).length
    else {
      if (depth > maxDepth) throw tooDeep(maxDepth)
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
  invalid(`What is in the body nests deeper than ${maxDepth} levels.`, `nests deeper than ${maxDepth} levels`)

const tooLargeNumber = () =>
  invalid(
    "The body has a number beyond what an IEEE double can hold (1.8e308). Send it as a string.",
    "holds a number that is too large",
  )
