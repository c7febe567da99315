import { isPointer } from "./json-pointer.ts"

/** The options of a reference, after `?`, already known by name. */
export type ReferenceOptions = Readonly<
  Partial<Record<"version" | "stage" | "pointer" | "encoding" | "attribute", string>>
>

type Name = keyof ReferenceOptions

const names: readonly string[] = ["version", "stage", "pointer", "encoding", "attribute"] satisfies Name[]

/**
 * The options of a reference from what follows its `?`, percent-decoded; a string says what is wrong with them.
 * Which of them a secret manager supports is its provider's affair.
 */
export function parseOptions(text: string): ReferenceOptions | string {
  const options: Partial<Record<Name, string>> = {}
  for (const item of text.split("&")) {
    const equals = item.indexOf("=")
    const name = equals === -1 ? item : item.slice(0, equals)
    if (name === "") {
      return "Options are written ?name=value&name=value. A ? that belongs to the path is written \\?."
    }
    if (!isName(name)) {
      return `There is no option ${shown(name)}: options are ${names.join(", ")}. A ? that belongs to the path is written \\?.`
    }
    if (equals === -1) return `The option "${name}" has no value: write ${name}=<value>.`
    if (options[name] !== undefined) return `The option "${name}" is given twice.`
    const value = percentDecode(item.slice(equals + 1))
    if (value === undefined) {
      return `The option "${name}" is not percent-encoded UTF-8: write % as %25 and \\ as %5C.`
    }
    const problem = problemOf(name, value)
    if (problem !== undefined) return problem
    options[name] = value
  }
  return options
}

/** The options as a reference carries them, `?` included; nothing where there are none. */
export function printOptions(options: ReferenceOptions): string {
  const items: string[] = []
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) items.push(`${name}=${percentEncode(value)}`)
  }
  return items.length === 0 ? "" : `?${items.join("&")}`
}

function isName(name: string): name is Name {
  return names.includes(name)
}

/** Names come from anywhere, so only plain ones are repeated in an error. */
function shown(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? `"${name}"` : "of that name"
}

function problemOf(name: Name, value: string): string | undefined {
  if (name === "encoding" && value !== "base64") return 'The option "encoding" can only be base64.'
  if (name === "pointer" && !isPointer(value)) {
    return 'The option "pointer" is a JSON pointer: it starts with /, and ~ is written ~0.'
  }
  return undefined
}

/** A backslash escapes in paths only; one left here is a mistake about that. */
function percentDecode(value: string): string | undefined {
  if (value.includes("\\")) return undefined
  if (!value.includes("%")) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/** Lone surrogates have no UTF-8, so they stay as they are. */
function percentEncode(value: string): string {
  return value.replace(/[^\w\-.~/:@\p{Surrogate}]/gu, encodeURIComponent)
}
