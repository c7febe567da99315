import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { ReferenceOptions } from "../../references/reference-options.ts"
import { invalidPath, knownOptions } from "../known-options.ts"
import type { SecretRef } from "../provider.ts"
import { selectPointer, valueText } from "../select.ts"

const expected = "Expected a variable's id without account and kind, such as `data/app/api_key`."

/** Below it every read makes new credentials, which end when they like: nothing to be kept or read twice. */
const dynamic = "data/dynamic/"

/** The largest that Conjur's database takes for a number. */
const maxVersion = 2 ** 31 - 1

/**
 * A variable's id, taken to the letter: nothing in it is decoded. The document is the id, encoded as the one segment that
 * Conjur's API has for it, and the version: `data%2Fapp%2Fapi_key?version=3`.
 * @throws ProviderError `INVALID_PATH`
 */
export function parsePath(path: string, options: ReferenceOptions): SecretRef {
  const { version, pointer, encoding } = knownOptions("Conjur", ["version", "pointer", "encoding"], options)
  if (version !== undefined && !(/^[1-9][0-9]{0,9}$/.test(version) && Number(version) <= maxVersion)) {
    throw invalidPath("`version` must be a whole number from 1 up.")
  }
  if (encoding !== undefined && pointer !== undefined) {
    throw invalidPath(
      "`encoding` gives the whole value, so `pointer` cannot go with it. Leave one of them out.",
    )
  }
  checkId(path)

  const document = encodeURIComponent(path)
  return {
    path,
    document: version === undefined ? document : `${document}?version=${version}`,
    select: (content) => (encoding === undefined ? selectText(content, pointer) : selectBase64(content)),
  }
}

/** Whether a variable of that id can be referred to. */
export function isVariableId(id: string): boolean {
  try {
    checkId(id)
    return true
  } catch {
    return false
  }
}

/** A value as it is kept: text where it is valid UTF-8, otherwise its bytes. Both give the same bytes back. */
export function contentOf(bytes: Buffer): Json {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { base64: bytes.toString("base64") }
  }
}

function selectText(content: Json, pointer: string | undefined): string {
  if (typeof content !== "string") {
    throw new ProviderError(
      "UNSUPPORTED_VALUE",
      "The value is binary. Add `?encoding=base64` to the reference to get it as base64.",
    )
  }
  return valueText(selectPointer(content, pointer))
}

function selectBase64(content: Json): string {
  if (typeof content === "string") return Buffer.from(content).toString("base64")
  const base64 = isObject(content) ? own(content, "base64") : undefined
  return typeof base64 === "string" ? base64 : ""
}

/** What a proxy before Conjur may clean away after decoding would let one variable answer for another. */
function checkId(id: string): void {
  const segments = id.split("/")
  if (segments.includes("")) {
    throw invalidPath(`An id is not empty and has no leading, trailing or double slash. ${expected}`)
  }
  if (segments.includes(".") || segments.includes("..")) {
    throw invalidPath(`An id has no \`.\` and \`..\` segments. ${expected}`)
  }
  // Half characters cannot be encoded.
  if (/[\p{Cc}\p{Cs}]/u.test(id)) throw invalidPath(`An id has no control characters. ${expected}`)
  if (id.startsWith(dynamic)) {
    throw invalidPath(
      `Variables below \`${dynamic}\` make new credentials with every read, and are not read.`,
    )
  }
}
