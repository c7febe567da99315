import { isObject, own } from "../../json.ts"
import { isKnown, listOf, textOf, toNamed, versionOf } from "./shapes.ts"
import type { Item, Named, Part } from "./store.ts"

/** @throws TypeError, as all here, for what is something else */
export function toList(things: unknown): Named[] {
  if (!Array.isArray(things)) throw nonsense()
  return things.map((thing) => toNamed(thing, "title")).filter(isKnown)
}

/** The SDK makes bytes of a list of numbers, and leaves an empty one. */
export function bytesOf(content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content
  if (Array.isArray(content) && content.length === 0) return new Uint8Array()
  throw nonsense()
}

export function toItem(item: unknown): Item {
  if (!isObject(item)) throw nonsense()
  const notes = textOf(item, "notes")
  const document = own(item, "document")
  return {
    ...toNamed(item, "title"),
    version: versionOf(item),
    archived: false,
    sections: listOf(item, "sections").map((section) => toNamed(section, "title")),
    parts: [
      ...listOf(item, "fields").map(toField),
      ...(notes ? [{ ...notesField, value: notes }] : []),
      ...listOf(item, "files").map((file) =>
        toFile(Reflect.get(file, "attributes"), textOf(file, "sectionId")),
      ),
      ...(isObject(document) ? [toFile(document)] : []),
    ],
  }
}

const builtIn: ReadonlySet<string> = new Set(["username", "password"])

function toField(field: object): Part {
  const { id, title } = toNamed(field, "title")
  const section = textOf(field, "sectionId")
  const value = textOf(field, "value")
  const details: unknown = Reflect.get(field, "details")
  const code =
    textOf(details, "type") === "Otp" && isObject(details)
      ? textOf(own(details, "content"), "code")
      : undefined
  return {
    kind: "field",
    id,
    label: title,
    type: textOf(field, "fieldType")?.toLowerCase() ?? "string",
    ...(value === undefined ? {} : { value }),
    ...(section ? { section } : {}),
    ...(section === undefined && builtIn.has(id) ? { purpose: id } : {}),
    ...(code ? { code } : {}),
  }
}

/** The SDK keeps notes apart, Connect among the fields under this id. */
const notesField: Part = {
  kind: "field",
  id: "notesPlain",
  label: "notesPlain",
  type: "string",
  purpose: "notes",
}

function toFile(attributes: unknown, section?: string): Part {
  const { id, title } = toNamed(attributes, "name")
  const size = isObject(attributes) ? own(attributes, "size") : undefined
  return {
    kind: "file",
    id,
    label: title,
    type: "file",
    ...(typeof size === "number" ? { size } : {}),
    ...(section ? { section } : {}),
  }
}

const nonsense = () => new TypeError("What came is something else.")
