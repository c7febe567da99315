import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { ReferenceOptions } from "../../references/reference-options.ts"
import { invalidPath, knownOptions } from "../known-options.ts"
import type { SecretRef } from "../provider.ts"
import { base64Of, parseObject, selectKey, selectPointer, valueText } from "../select.ts"

/** A secret, and which version of it. The unit that is fetched and cached; as text it is `name?version=…&stage=…`. */
export interface SecretVersion {
  /** Name or ARN. */
  id: string
  version?: string
  stage?: string
}

/** What is kept of a secret: text as text, bytes as base64. */
export type SecretContent = { string: string } | { binary: string }

const expected =
  "Expected a secret's name (letters, digits and `/_+=.@-`) or its ARN, and `#key` for a key of its JSON."

/** What Activepieces puts between name and key; a name cannot contain it. */
const activepiecesSeparator = "|ap_sep_v1|"

/**
 * `name`, `name#key`, or an ARN in the place of the name. The first `#` ends the name, in which there can be none.
 * @throws ProviderError `INVALID_PATH`
 */
export function parsePath(path: string, options: ReferenceOptions): SecretRef {
  const { version, stage, pointer, encoding } = knownOptions(
    "AWS",
    ["version", "stage", "pointer", "encoding"],
    options,
  )
  if (version !== undefined && !/^[\x21-\x7e]{32,64}$/.test(version)) {
    throw invalidPath("`version` must be a version's id, of 32 to 64 characters.")
  }
  if (stage !== undefined && !/^[^\p{C}]{1,256}$/u.test(stage)) {
    throw invalidPath("`stage` must be a staging label, such as `AWSPREVIOUS`.")
  }

  const { id, key } = splitPath(path)
  if (!isSecretId(id) || key === "") throw invalidPath(expected)
  return {
    path: key === undefined ? id : `${id}#${key}`,
    document: documentOf({
      id,
      ...(version === undefined ? {} : { version }),
      ...(stage === undefined ? {} : { stage }),
    }),
    select: (content) => select(content, { key, pointer, encoding }),
  }
}

export function documentOf({ id, version, stage }: SecretVersion): string {
  const query = new URLSearchParams()
  if (version !== undefined) query.set("version", version)
  if (stage !== undefined) query.set("stage", stage)
  return query.size === 0 ? id : `${id}?${query}`
}

/** What `documentOf` wrote. */
export function versionOf(document: string): SecretVersion {
  const [id = "", query = ""] = document.split("?")
  return { id, ...Object.fromEntries(new URLSearchParams(query)) }
}

/**
 * Whether AWS could know a secret by that name or ARN, with or without the six characters at its end.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
 */
export function isSecretId(text: string): boolean {
  return (
    /^[A-Za-z0-9/_+=.@-]{1,512}$/.test(text) ||
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}$/.test(text)
  )
}

function splitPath(path: string): { id: string; key?: string } {
  for (const separator of ["#", activepiecesSeparator]) {
    const end = path.indexOf(separator)
    if (end >= 0) return { id: path.slice(0, end), key: path.slice(end + separator.length) }
  }
  return { id: path }
}

function select(
  content: Json,
  {
    key,
    pointer,
    encoding,
  }: { key: string | undefined; pointer: string | undefined; encoding: string | undefined },
): string {
  const binary = isObject(content) ? own(content, "binary") : undefined
  if (typeof binary === "string") {
    if (key !== undefined || pointer !== undefined) {
      throw new ProviderError("UNSUPPORTED_VALUE", "The secret is binary, so it has no keys. Leave them out.")
    }
    if (encoding !== "base64") {
      throw new ProviderError(
        "UNSUPPORTED_VALUE",
        "The secret is binary. Add `?encoding=base64` to have it as base64.",
      )
    }
    return valueText(binary)
  }
  const text = isObject(content) ? (own(content, "string") ?? null) : null
  const value = selectPointer(key === undefined ? text : selectKey(parseObject(text), key), pointer)
  return encoding === "base64" ? valueText(base64Of(valueText(value))) : valueText(value)
}
