import type { ProviderInfo } from "../../../core/client/index.ts"

export type ProviderField = ProviderInfo["fields"][number]

/** The texts of a form by the name of what they are for: `name`, `config.url`, `settings.allowedPaths`. */
export type Form = Readonly<Record<string, string>>

export const configKey = (name: string) => `config.${name}`

/** Set where what is stored of a secret field shall be removed. */
export const removalKey = (name: string) => `remove.${name}`

/**
 * The fields that the form's choices leave in play. Where the description of a field begins with labels of options
 * and a colon (`AppRole: …`, `JWT and AWS: …`), it is for those alone: metadata says so in the words that people read too.
 */
export function fieldsInPlay({ fields }: Pick<ProviderInfo, "fields">, form: Form): ProviderField[] {
  const choices = fields.filter(({ type }) => type === "select")
  return fields.filter((field) =>
    choices.every((choice) => {
      const options = optionsOf(field, choice)
      return options.length === 0 || options.includes(chosen(choice, form))
    }),
  )
}

/** What an optional choice is where nothing is chosen: what its placeholder names. */
export function chosen(choice: ProviderField, form: Form): string {
  const value = form[configKey(choice.name)] ?? ""
  return value === "" && choice.optional ? choice.placeholder : value
}

/** A text of several lines, such as a certificate: a single line would lose its line breaks. */
export const isMultiline = ({ type, placeholder }: ProviderField) =>
  type === "text" && placeholder.startsWith("-----BEGIN")

/** The options of the choice that the field is for; none where it is for all. */
function optionsOf({ description }: ProviderField, { options = [] }: ProviderField): string[] {
  const [prefix = "", rest] = description.split(": ", 2)
  if (rest === undefined) return []
  const valuesOf = (labels: readonly string[]) =>
    labels.flatMap((label) => options.find((option) => option.label === label)?.value ?? [])
  // A label may have an "and" of its own.
  const whole = valuesOf([prefix])
  if (whole.length > 0) return whole
  const labels = prefix.split(/, | and /)
  const values = valuesOf(labels)
  return values.length === labels.length ? values : []
}
