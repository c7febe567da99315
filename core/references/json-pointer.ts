import { isObject, type Json, own } from "../json.ts"

/** Whether a text is a JSON pointer (RFC 6901): `""`, or `/` and tokens in which `~` stands only in `~0` and `~1`. */
export function isPointer(text: string): boolean {
  return (text === "" || text.startsWith("/")) && !/~(?![01])/.test(text)
}

/** The tokens of a JSON pointer, unescaped; undefined where the text is none. The empty pointer has no tokens. */
export function parsePointer(text: string): string[] | undefined {
  if (!isPointer(text)) return undefined
  const tokens = text.split("/").slice(1)
  return text.includes("~") ? tokens.map(unescapeToken) : tokens
}

/** The JSON pointer that leads through these keys and array indices. */
export function printPointer(tokens: readonly (string | number)[]): string {
  let pointer = ""
  for (const token of tokens) pointer += `/${typeof token === "number" ? token : escapeToken(token)}`
  return pointer
}

/**
 * What a JSON pointer (RFC 6901) finds in a value; undefined where it finds nothing. Only own properties are found, and
 * in arrays only elements by their plain index: no leading zeros, no `length`, and `-` is no element. A text that is no
 * pointer finds nothing either; `isPointer` tells the two apart.
 */
export function readPointer(value: Json, pointer: string): Json | undefined {
  const tokens = parsePointer(pointer)
  if (tokens === undefined) return undefined
  let found: Json | undefined = value
  for (const token of tokens) {
    found = child(found, token)
    if (found === undefined) return undefined
  }
  return found
}

function child(value: Json, token: string): Json | undefined {
  if (Array.isArray(value)) return /^(?:0|[1-9][0-9]*)$/.test(token) ? value[Number(token)] : undefined
  return isObject(value) ? own(value, token) : undefined
}

// RFC 6901, section 4: `~1` first, so that `~01` becomes `~1` and not `/`; section 3 the other way round.
function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~")
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1")
}
