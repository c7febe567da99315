import { ProviderError } from "../errors.ts"
import { isPointer } from "../references/json-pointer.ts"
import type { ReferenceOptions } from "../references/reference-options.ts"

/**
 * A reference's options, of which a secret manager knows these and no others. What `pointer` and `encoding` may be is the
 * same for all of them.
 * @throws ProviderError `INVALID_PATH`
 */
export function knownOptions<Name extends keyof ReferenceOptions>(
  vendor: string,
  known: readonly Name[],
  options: ReferenceOptions,
): Pick<ReferenceOptions, Name> {
  const names: readonly string[] = known
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw invalidPath(`${vendor} has no option \`${unknown}\`. Leave it out; there are ${listed(known)}.`)
  }
  const { pointer, encoding } = options
  if (pointer !== undefined && !isPointer(pointer)) {
    throw invalidPath("`pointer` must be a JSON pointer, such as `/database/password`.")
  }
  if (encoding !== undefined && encoding !== "base64") throw invalidPath("`encoding` can only be `base64`.")
  return options
}

/** That something can be no path, or no option of one. `message` says what was expected. */
export const invalidPath = (message: string) => new ProviderError("INVALID_PATH", message)

/** `a`, `b` and `c`. */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``)
  return [quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].filter(Boolean).join(" and ")
}
