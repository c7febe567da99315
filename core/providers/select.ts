import { ProviderError } from "../errors.ts"
import { isObject, type Json, own } from "../json.ts"
import { limits } from "../limits.ts"
import { readPointer } from "../references/json-pointer.ts"

/**
 * The value of `key` in a document that is a JSON object.
 * @throws ProviderError `NOT_FOUND`
 */
export function selectKey(content: Json, key: string): Json {
  const value = isObject(content) ? own(content, key) : undefined
  if (value === undefined) {
    throw new ProviderError(
      "NOT_FOUND",
      "The secret exists but has no key of that name. Check the key's spelling.",
    )
  }
  return value
}

/**
 * What a JSON pointer finds in a value. A string is taken as JSON text, since secret managers that keep only strings
 * keep JSON that way; the empty pointer finds the value itself.
 * @throws ProviderError `NOT_FOUND`, `UNSUPPORTED_VALUE`
 */
export function selectPointer(value: Json, pointer: string | undefined): Json {
  if (pointer === undefined || pointer === "") return value
  const found = readPointer(typeof value === "string" ? parseJson(value) : value, pointer)
  if (found === undefined) {
    throw new ProviderError(
      "NOT_FOUND",
      "The value has nothing at that `pointer`. Check it against the JSON stored.",
    )
  }
  return found
}

/**
 * The string that takes a reference's place: strings as they are, all else as compact JSON.
 * @throws ProviderError `UNSUPPORTED_VALUE`
 */
export function valueText(value: Json): string {
  const text = typeof value === "string" ? value : compactJson(value)
  // A UTF-16 unit is at most 3 bytes of UTF-8, so short texts need no counting.
  if (text.length * 3 > limits.secret && new TextEncoder().encode(text).length > limits.secret) {
    throw tooLarge("value")
  }
  return text
}

/** That something is larger than a secret's value may be. */
export function tooLarge(what: "value" | "file"): ProviderError {
  return new ProviderError(
    "UNSUPPORTED_VALUE",
    `The ${what} is larger than 64 KiB. Keep large material elsewhere.`,
  )
}

/**
 * For what failed while a secret was read: where the answer was larger than any is read, that is about this secret, and says
 * nothing of the secret manager.
 * @throws ProviderError `UNSUPPORTED_VALUE` then, else what it was given
 */
export function toTooLarge(error: unknown): never {
  if (!(error instanceof ProviderError) || !error.oversized || error.upstream?.status !== 200) throw error
  const message =
    "The secret is larger than 1 MiB with all its keys. Split it, or keep large material elsewhere."
  throw new ProviderError("UNSUPPORTED_VALUE", message, { upstream: error.upstream })
}

/**
 * The JSON object that a secret's text is.
 * @throws ProviderError `UNSUPPORTED_VALUE`
 */
export function parseObject(text: Json): Json {
  try {
    const value: Json = typeof text === "string" ? JSON.parse(text) : text
    if (isObject(value)) return value
  } catch {
    // Said below: the parser's message quotes the text.
  }
  throw new ProviderError("UNSUPPORTED_VALUE", "The secret is no JSON object, so it has no keys.")
}

/** The UTF-8 of a text, as base64. */
export function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text)
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, so it is not kept as a cause.
    throw new ProviderError("UNSUPPORTED_VALUE", "The value is not JSON, so a `pointer` finds nothing in it.")
  }
}

function compactJson(value: Json): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw new ProviderError(
      "UNSUPPORTED_VALUE",
      "The value nests too deep to be written as JSON. Name a part of it by `pointer`.",
    )
  }
}
