import { ConnectError } from "./protocol.ts"

/**
 * A SCIM filter (RFC 7644, 3.4.2.2), as far as 1Password documents it: one comparison by `eq` of one of the attributes
 * that the collection has. `co` is what 1Password's JavaScript SDK sends to search titles. The value is a JSON string;
 * attributes and operators are in any case, values are compared exactly.
 * @throws ConnectError 400
 */
export function parseFilter<Attribute extends string>(
  text: string,
  attributes: readonly Attribute[],
): { attribute: Attribute; matches(value: string): boolean } {
  const parts = /^\s*(\w+)\s+(\w+)\s+("(?:[^"\\]|\\.)*")\s*$/s.exec(text)
  const [, name = "", operator = "", quoted = ""] = parts ?? []
  const attribute = attributes.find((known) => known === name.toLowerCase())
  const value = parts && unquote(quoted)
  if (attribute === undefined || typeof value !== "string") throw invalid()
  switch (operator.toLowerCase()) {
    case "eq":
      return { attribute, matches: (candidate) => candidate === value }
    case "co":
      return { attribute, matches: (candidate) => candidate.includes(value) }
    default:
      throw invalid()
  }
}

function unquote(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid()
  }
}

const invalid = () => new ConnectError(400, "Invalid filter")
