import { isObject, type Json } from "../../../core/json.ts"
import type { Operation } from "./protocol.ts"

/**
 * Policies as https://developer.hashicorp.com/vault/docs/concepts/policies describes them: paths with `+` for one
 * segment and `*` at the end, deny by default, and of several patterns that match only the most specific one counts.
 */
export interface Rule {
  pattern: string
  capabilities: ReadonlySet<string>
}

const known = new Set<string>([
  "create",
  "read",
  "update",
  "patch",
  "delete",
  "list",
  "sudo",
  "deny",
] satisfies (Operation | "sudo" | "deny")[])

/**
 * Reads a policy in HCL or JSON. Attributes other than `capabilities` are refused, since what they ask for is not enforced.
 * @throws Error that says what is wrong with it
 */
export function parsePolicy(text: string): Rule[] {
  const blocks = text.trimStart().startsWith("{") ? fromJson(text) : fromHcl(text)
  return blocks.map(({ pattern, capabilities }) => {
    const unknown = capabilities.find((capability) => !known.has(capability))
    if (unknown !== undefined)
      throw new Error(`path "${pattern}": path "${pattern}": invalid capability "${unknown}"`)
    return { pattern, capabilities: new Set(capabilities) }
  })
}

/** Rules from several policies as one list: the same pattern twice grants what either grants, unless one denies. */
export function union(rules: readonly Rule[]): Rule[] {
  const merged = new Map<string, Set<string>>()
  for (const { pattern, capabilities } of rules)
    merged.set(pattern, new Set([...(merged.get(pattern) ?? []), ...capabilities]))
  return [...merged].map(([pattern, capabilities]) => ({ pattern, capabilities }))
}

/** What may be done at `path`; nothing where no pattern matches or the most specific one denies. */
export function capabilitiesAt(
  rules: readonly Rule[],
  path: string,
  operation?: Operation,
): ReadonlySet<string> {
  const exact = (wanted: string) =>
    rules.find(({ pattern }) => pattern === wanted && !pattern.endsWith("*") && !hasPlus(pattern))
  const folder = path.replace(/\/$/, "")
  const rule =
    exact(path) ??
    // A list always asks for a folder: a pattern without its slash means the same folder.
    (operation === "list" ? exact(folder) : undefined) ??
    rules
      .filter(({ pattern }) => matches(pattern, path) || (operation === "list" && matches(pattern, folder)))
      .sort((a, b) => priority(a.pattern, b.pattern))
      .at(-1)
  return rule === undefined || rule.capabilities.has("deny") ? none : rule.capabilities
}

/** Whether the rules let their holder do anything at or below `mountPath`: what `sys/internal/ui/mounts` asks. */
export function reachesInto(rules: readonly Rule[], mountPath: string): boolean {
  if (capabilitiesAt(rules, mountPath).size > 0) return true
  const segments = mountPath.replace(/\/$/, "").split("/")
  return rules.some(({ pattern, capabilities }) => {
    if (capabilities.has("deny")) return false
    const parts = pattern.split("/")
    return (
      parts.length > segments.length && segments.every((name, i) => parts[i] === "+" || parts[i] === name)
    )
  })
}

const none: ReadonlySet<string> = new Set()
const hasPlus = (pattern: string) => pattern.split("/").includes("+")

function matches(pattern: string, path: string): boolean {
  const glob = pattern.endsWith("*")
  const parts = (glob ? pattern.slice(0, -1) : pattern).split("/")
  const segments = path.split("/")
  if (glob ? segments.length < parts.length : segments.length !== parts.length) return false
  return parts.every((part, i) => {
    const segment = segments[i] ?? ""
    if (part === "+") return true
    return glob && i === parts.length - 1 ? segment.startsWith(part) : segment === part
  })
}

/** Negative where `a` is less specific than `b`: the five criteria of the documentation, in its order. */
function priority(a: string, b: string): number {
  const firstWildcard = (pattern: string) => {
    const at = pattern.search(/\+|\*$/)
    return at === -1 ? Number.POSITIVE_INFINITY : at
  }
  const pluses = (pattern: string) => pattern.split("/").filter((part) => part === "+").length
  if (firstWildcard(a) !== firstWildcard(b)) return firstWildcard(a) < firstWildcard(b) ? -1 : 1
  if (a.endsWith("*") !== b.endsWith("*")) return a.endsWith("*") ? -1 : 1
  if (pluses(a) !== pluses(b)) return pluses(b) - pluses(a)
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : 1
}

interface Block {
  pattern: string
  capabilities: string[]
}

function fromJson(text: string): Block[] {
  const policy: Json = JSON.parse(text)
  const paths = isObject(policy) && isObject(policy.path) ? policy.path : {}
  return Object.entries(paths).map(([pattern, block]) => {
    if (!isObject(block) || !Array.isArray(block.capabilities) || Object.keys(block).length > 1)
      throw new Error(`path "${pattern}": only "capabilities" is supported here, as a list`)
    return { pattern, capabilities: block.capabilities.map(String) }
  })
}

function fromHcl(text: string): Block[] {
  const tokens = [
    ...text
      .replaceAll(/"[^"\n]*"|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found) =>
        found.startsWith('"') ? found : " ",
      )
      .matchAll(/"[^"\n]*"|[A-Za-z_]+|\S/g),
  ].map(([token]) => token)
  const blocks: Block[] = []
  const take = (expected: RegExp): string => {
    const token = tokens.shift() ?? "the end"
    if (!expected.test(token)) throw new Error(`unexpected ${token}`)
    return token
  }
  const quoted = () => take(/^"/).slice(1, -1)
  while (tokens.length > 0) {
    take(/^path$/)
    const pattern = quoted().replace(/^\//, "")
    for (const expected of [/^\{$/, /^capabilities$/, /^=$/, /^\[$/]) take(expected)
    const capabilities: string[] = []
    while (tokens[0] !== "]") {
      capabilities.push(quoted())
      if (tokens[0] !== "]") take(/^,$/)
    }
    take(/^\]$/)
    take(/^\}$/)
    blocks.push({ pattern, capabilities })
  }
  return blocks
}
