import { parseTemplate, printReference, type Reference } from "../../../core/client/index.ts"

/** What was typed for a provider's parameters, by name. */
export type Params = Readonly<Record<string, string>>

/**
 * The path that a template makes of parameters: `{name}` is replaced, and a bracket that holds an empty one falls away
 * (`{name}[#{key}]` is `prod/db`, or `prod/db#password`). Undefined while a parameter outside brackets is empty.
 */
export function fillTemplate(template: string, params: Params): string | undefined {
  const typed = (name: string) => (Object.hasOwn(params, name) ? (params[name] ?? "").trim() : "")
  let complete = true
  const fill = (text: string, onEmpty: () => void) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => {
      if (typed(name) === "") onEmpty()
      return typed(name)
    })
  const parts = template.split(/\[([^\]]*)\]/)
  const path = parts.map((part, index) => {
    if (index % 2 === 0) return fill(part, () => (complete = false))
    let empty = false
    const filled = fill(part, () => (empty = true))
    return empty ? "" : filled
  })
  return complete ? path.join("") : undefined
}

/**
 * A reference to a path as the provider calls it, with options as they are written after its `?`.
 * @throws LatchkeyError `VALIDATION` where no reference can say that, or the options are none
 */
export function typedReference(connectionId: string, path: string, options: string): string {
  const given = options.trim().replace(/^\?/, "")
  if (given === "") return printReference({ connectionId, path })
  const parsed = onlyReference(`{{secret://${connectionId}/x?${given}}}`)
  if (typeof parsed === "string") throw Object.assign(new Error(parsed), { name: "LatchkeyError" })
  return printReference({ connectionId, path, options: parsed.options })
}

/** A reference to a path that browsing gave, which is written as references have it already. */
export function browsedReference(connectionId: string, path: string): string {
  return `{{secret://${connectionId}/${path}}}`
}

/** The reference that a text wholly is; a string says why it is none. */
export function onlyReference(text: string): Reference | string {
  const [part, ...more] = parseTemplate(text.trim())
  if (part === undefined || typeof part === "string" || more.length > 0) return ""
  return part.kind === "malformed" ? part.message : part
}

/** What of a text is not plain: how many references, and what is wrong with the first malformed one. */
export function referencesIn(text: string): { references: number; malformed?: string } {
  const parts = parseTemplate(text).filter((part) => typeof part !== "string")
  const malformed = parts.find((part) => part.kind === "malformed")
  return {
    references: parts.filter((part) => part.kind === "reference").length,
    ...(malformed?.kind === "malformed" && { malformed: malformed.message }),
  }
}
