import { ProviderError } from "../../errors.ts"
import type { Json } from "../../json.ts"
import { selectPointer, valueText } from "../select.ts"
import type { Item, Named, Part } from "./store.ts"

/** What a reference may ask of a field, and of a file. */
export const fieldAttributes = ["type", "value", "id", "purpose", "otp"] as const
export const fileAttributes = ["type", "content", "size", "id", "name"] as const
export type Attribute = (typeof fieldAttributes)[number] | (typeof fileAttributes)[number]

/** Where in an item a reference points. */
export interface Place {
  section?: string
  field: string
}

/** What is kept of an item: where its parts are, and their values or their codes. */
interface Content {
  sections: Named[]
  parts: Part[]
}

/** The document of an item as a whole, without one-time codes: those must not be kept. */
export function itemContent({ sections, parts }: Item): Json {
  return toJson({ sections, parts: parts.map(({ code: _, ...part }) => part) })
}

/** The document of an item's one-time codes, without its values. */
export function codesContent({ sections, parts }: Item): Json {
  return toJson({ sections, parts: parts.map(({ value: _, ...part }) => part) })
}

/**
 * What a reference selects of an item: an attribute of a field or file, its value where none is named.
 * @throws ProviderError `NOT_FOUND`, `INVALID_PATH`, `UNSUPPORTED_VALUE`
 */
export function selectPart(content: Json, place: Place, attribute: Attribute | undefined): string {
  const part = findPart(content as unknown as Content, place)
  const value = part.kind === "file" ? ofFile(part, attribute) : ofField(part, attribute)
  if (value !== undefined) return value
  throw new ProviderError(
    "NOT_FOUND",
    part.kind === "file"
      ? "A file has no such attribute: it has type, content, size, id and name."
      : "The field has no such attribute: fields have type, value, id, and some a purpose or an otp.",
  )
}

/**
 * Base64 of what is wanted as that: a file, or a field's value, in which a pointer may go.
 * @throws ProviderError `NOT_FOUND`, `UNSUPPORTED_VALUE`
 */
export function selectBytes(content: Json, pointer: string | undefined): string {
  const { base64, text } = content as { base64?: string; text?: string }
  if (base64 === undefined) {
    return Buffer.from(valueText(selectPointer(text ?? "", pointer))).toString("base64")
  }
  if (pointer === undefined) return base64
  throw new ProviderError("UNSUPPORTED_VALUE", "This is a file, in which no `pointer` goes. Leave it out.")
}

/** @throws ProviderError `NOT_FOUND`, `INVALID_PATH` */
export function selectCode(content: Json, place: Place): string {
  const { code } = findPart(content as unknown as Content, place)
  if (code !== undefined) return code
  throw new ProviderError("NOT_FOUND", "The field gives no one-time code. Name the item's one-time password.")
}

/**
 * The part that a place names: within the section if one is named, by id, else by label. A label is as written, or, where
 * none is, in any case: 1Password says that references are case-insensitive.
 * @throws ProviderError `NOT_FOUND`; `INVALID_PATH` where there are several, naming them by id
 */
export function findPart({ sections, parts }: Pick<Item, "sections" | "parts">, place: Place): Part {
  const section = place.section === undefined ? undefined : findSection(sections, place.section)
  const within = section === undefined ? parts : parts.filter((part) => part.section === section.id)
  const byId = within.filter(({ id }) => id === place.field)
  const found = byId.length > 0 ? byId : sameName(within, place.field, ({ label }) => label)
  const [only] = found
  if (only === undefined) {
    const where = section ? "The section" : "The item"
    throw new ProviderError("NOT_FOUND", `${where} has no field or file of that name. Check its spelling.`)
  }
  if (found.length > 1) throw ambiguous("field or file", found.map(addressOf))
  return only
}

/** Those whose name is this, else those whose name is this but for upper and lower case. */
export function sameName<Thing>(things: readonly Thing[], name: string, nameOf: (thing: Thing) => string) {
  const exact = things.filter((thing) => nameOf(thing) === name)
  if (exact.length > 0) return exact
  return things.filter((thing) => nameOf(thing).toLowerCase() === name.toLowerCase())
}

/** That a name stands for several things, which are named by their ids: ids and nothing else of the vendor's is shown. */
export function ambiguous(what: string, addresses: readonly string[]): ProviderError {
  const shown = addresses
    .slice(0, 4)
    .map((address) => `\`${/^[\w.\-/ ]{1,80}$/.test(address) ? address : "?"}\``)
  const more = addresses.length > shown.length ? " and others" : ""
  return new ProviderError(
    "INVALID_PATH",
    `There is more than one ${what} of that name: ${shown.join(" and ")}${more}. Write the id instead.`,
  )
}

export const archived = () =>
  new ProviderError("DELETED", "The item is archived or deleted. Restore it in 1Password.")

function findSection(sections: readonly Named[], name: string): Named {
  const byId = sections.filter(({ id }) => id === name)
  const found = byId.length > 0 ? byId : sameName(sections, name, ({ title }) => title)
  const [only] = found
  if (only === undefined) {
    throw new ProviderError("NOT_FOUND", "The item has no section of that name. Check its spelling.")
  }
  if (found.length > 1) {
    throw ambiguous(
      "section",
      found.map(({ id }) => id),
    )
  }
  return only
}

const addressOf = ({ section, id }: Part) => (section === undefined ? id : `${section}/${id}`)

function ofField(part: Part, attribute: Attribute = "value"): string | undefined {
  switch (attribute) {
    case "value":
      return part.value ?? ""
    case "type":
      return part.type
    case "id":
      return part.id
    case "purpose":
      return part.purpose
    default:
      return undefined
  }
}

function ofFile(part: Part, attribute: Attribute = "content"): string | undefined {
  switch (attribute) {
    case "content":
      throw new ProviderError("UNSUPPORTED_VALUE", "This is a file: add `encoding=base64` to the reference.")
    case "type":
      return part.type
    case "id":
      return part.id
    case "size":
      return part.size === undefined ? undefined : String(part.size)
    case "name":
      return part.label
    default:
      return undefined
  }
}

/** Plain data, whatever classes it came in. */
const toJson = (content: Content): Json => content as unknown as Json
