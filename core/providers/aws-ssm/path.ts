import { isObject, own } from "../../json.ts"
import type { ReferenceOptions } from "../../references/reference-options.ts"
import { invalidPath, knownOptions } from "../known-options.ts"
import type { SecretRef } from "../provider.ts"
import { selectPointer, valueText } from "../select.ts"

const expected =
  "Expected a parameter's name (letters, digits and `/_.-`) or its ARN, and `:version` or `:label` for another than the latest."

/** Name or ARN, and what comes after a colon. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html */
const form =
  /^((?:arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter\/)?[A-Za-z0-9_./-]{1,1011})(?::([A-Za-z0-9_.-]{1,100}))?$/

/**
 * `name`, `name:version` or `name:label`. The version is no part of the canonical path, so that allowed paths hold for all
 * of them; the document is what the API calls the parameter.
 * @throws ProviderError `INVALID_PATH`
 */
export function parsePath(path: string, options: ReferenceOptions): SecretRef {
  const { version, pointer } = knownOptions("Parameter Store", ["version", "pointer"], options)
  if (version !== undefined && !/^[A-Za-z0-9_.-]{1,100}$/.test(version)) {
    throw invalidPath("`version` must be a number or a label.")
  }
  const [, name = "", selector] = form.exec(path) ?? []
  if (name === "") throw invalidPath(expected)
  if (selector !== undefined && version !== undefined && selector !== version) {
    throw invalidPath("The path and the option name two versions. Keep one of them.")
  }
  const wanted = selector ?? version
  return {
    path: name,
    document: wanted === undefined ? name : `${name}:${wanted}`,
    select(content) {
      const value = isObject(content) ? own(content, "value") : undefined
      return valueText(selectPointer(value ?? null, pointer))
    },
  }
}

/** Whether that is what a parameter could be called, with or without a version. */
export const isParameter = (text: string): boolean => form.test(text)
