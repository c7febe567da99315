import type { Json } from "../../json.ts"
import type { ReferenceOptions } from "../../references/reference-options.ts"
import { invalidPath, knownOptions } from "../known-options.ts"
import type { SecretRef } from "../provider.ts"
import { selectPointer, valueText } from "../select.ts"
import {
  type Attribute,
  fieldAttributes,
  fileAttributes,
  type Place,
  selectBytes,
  selectCode,
  selectPart,
} from "./item.ts"

const expected = "Expected `op://vault/item/field` or `op://vault/item/section/field`, by names or ids."

const attributes: ReadonlySet<string> = new Set([...fieldAttributes, ...fileAttributes])

/** What a document is of: an item as a whole, its one-time codes, or one place in it as base64. */
export interface Document {
  vault: string
  item: string
  content: "item" | "codes" | Place
}

/**
 * A secret reference as 1Password writes it, its query apart: vault, item, section and field by name or id, taken to the
 * letter. The document is the item, so that one read serves all its fields; one-time codes, which last for seconds, are
 * a document of their own, and so is what is wanted as base64, since the content of a file takes another read.
 * Syntax: https://developer.1password.com/docs/cli/secret-reference-syntax
 * @throws ProviderError `INVALID_PATH`
 */
export function parsePath(path: string, options: ReferenceOptions): SecretRef {
  const { attribute, pointer } = checkOptions(options)
  const [vault, item, ...names] = segmentsOf(path)
  const field = names.at(-1)
  if (vault === undefined || item === undefined || field === undefined || names.length > 2) {
    throw invalidPath(expected)
  }
  const place: Place = { field, ...(names.length === 2 ? { section: names[0] } : {}) }

  if (options.encoding === "base64") {
    const document = printDocument({ vault, item, content: place })
    return { path, document, select: (content) => valueText(selectBytes(content, pointer)) }
  }
  if (attribute === "otp") {
    const document = printDocument({ vault, item, content: "codes" })
    return { path, document, uncached: true, select: (content) => valueText(selectCode(content, place)) }
  }
  return {
    path,
    document: printDocument({ vault, item, content: "item" }),
    select: (content: Json) => valueText(selectPointer(selectPart(content, place, attribute), pointer)),
  }
}

/** Each name is encoded, so that no title can be taken for an option or for two names. */
function printDocument({ vault, item, content }: Document): string {
  const base = [vault, item].map(encodeURIComponent).join("/")
  if (content === "item") return base
  if (content === "codes") return `${base}?attribute=otp`
  const place = [content.section, content.field].filter((name) => name !== undefined)
  return `${base}/${place.map(encodeURIComponent).join("/")}?encoding=base64`
}

/** The reverse of what `parsePath` prints. */
export function parseDocument(document: string): Document {
  const [path = "", option] = document.split("?")
  const [vault = "", item = "", ...place] = path.split("/").map(decodeURIComponent)
  if (option === undefined) return { vault, item, content: "item" }
  if (option === "attribute=otp") return { vault, item, content: "codes" }
  const [section, field] = place.length === 2 ? place : [undefined, place[0]]
  return { vault, item, content: { field: field ?? "", ...(section === undefined ? {} : { section }) } }
}

/**
 * How deep a folder is: nothing, a vault, or a vault and an item. An item's fields are not folders.
 * @throws ProviderError `INVALID_PATH`
 */
export function parseFolder(prefix: string): string[] {
  if (prefix === "" || prefix === "op://") return []
  const names = segmentsOf(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix)
  if (names.length > 2) {
    throw invalidPath("Expected `op://`, `op://vault/` or `op://vault/item/` as a folder.")
  }
  return names
}

function segmentsOf(path: string): string[] {
  if (!path.startsWith("op://")) throw invalidPath(expected)
  const segments = path.slice("op://".length).split("/")
  if (segments.some((segment) => segment.trim() === "")) {
    throw invalidPath(`No part may be empty. ${expected}`)
  }
  // What is not well-formed has no UTF-8, hence no place in a URL; control characters are in no title.
  if (!path.isWellFormed() || /\p{Cc}/u.test(path)) {
    throw invalidPath(`Names have no control characters and no halves of characters. ${expected}`)
  }
  return segments
}

function checkOptions(options: ReferenceOptions): {
  attribute: Attribute | undefined
  pointer: string | undefined
} {
  const { attribute, encoding, pointer } = knownOptions(
    "1Password",
    ["attribute", "encoding", "pointer"],
    options,
  )
  if (attribute !== undefined && !attributes.has(attribute)) {
    throw invalidPath(
      `\`attribute\` must be one of ${fieldAttributes.join(", ")} for fields, ${fileAttributes.join(", ")} for files.`,
    )
  }
  if (encoding !== undefined && attribute !== undefined && !["value", "content"].includes(attribute)) {
    throw invalidPath(
      "`encoding` goes with a value or a content, not with another `attribute`. Leave one of them out.",
    )
  }
  if (pointer !== undefined && (attribute ?? "value") !== "value") {
    throw invalidPath(
      "`pointer` goes into a field's value, not into another `attribute`. Leave one of them out.",
    )
  }
  return { attribute: attribute as Attribute | undefined, pointer }
}
