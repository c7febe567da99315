import { limits } from "../limits.ts"

/** What a connection's `allowedPaths` let through, for one project. Paths are the provider's canonical ones. */
export interface AllowedPaths {
  /** Whether a secret at this path may be reached. */
  allows(path: string): boolean
  /** Whether a folder may hold an allowed path, so that browsing shows it. The root is `""`. */
  allowsBelow(folder: string): boolean
}

/**
 * Patterns over whole segments, which are what stands between slashes: `*` is any one that is not empty, `**` at the end
 * any rest of at least one, `${projectId}` the named project, all else exactly itself. Absent patterns allow every path,
 * an empty list none. Made once per connection and request; then linear in the path for each pattern.
 *
 * @param projectId the project that the caller named. Without one, patterns with `${projectId}` match nothing. It is
 *   compared with one segment as it is: a slash, `*` or `**` in it has no meaning.
 */
export function allowedPaths(patterns: readonly string[] | undefined, projectId?: string): AllowedPaths {
  if (patterns === undefined) return { allows: () => true, allowsBelow: () => true }
  const compiled = patterns.flatMap((pattern) => compile(pattern.split("/"), projectId))
  return {
    allows(path) {
      const segments = path.split("/")
      return compiled.some((pattern) => matches(pattern, segments))
    },
    allowsBelow(folder) {
      const name = folder.endsWith("/") ? folder.slice(0, -1) : folder
      const segments = name === "" ? [] : name.split("/")
      return compiled.some((pattern) => leadsTo(pattern, segments))
    },
  }
}

/** Why a pattern of `allowedPaths` cannot be stored, in words that follow its name; undefined for a good one. */
export function allowedPathProblem(pattern: string): string | undefined {
  if (pattern === "") return "must not be empty: write ** to allow every path"
  if (pattern.length > limits.allowedPathCharacters && [...pattern].length > limits.allowedPathCharacters) {
    return `must have at most ${limits.allowedPathCharacters} characters`
  }
  if (pattern.split("/").slice(0, -1).includes("**")) {
    return "must have ** only as its last segment, where it stands for any rest"
  }
  return undefined
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
const projectPlaceholder = "${projectId}"

type Segment = (segment: string) => boolean

interface Pattern {
  segments: Segment[]
  /** Ends in `**`. */
  rest: boolean
}

/** Nothing for what can match no path: a pattern of the project's where none is named, `**` before the end. */
function compile(written: readonly string[], projectId: string | undefined): Pattern | [] {
  const rest = written.at(-1) === "**"
  const named = rest ? written.slice(0, -1) : written
  if (named.includes("**") || (named.includes(projectPlaceholder) && !projectId)) return []
  return { segments: named.map((text) => compileSegment(text, projectId)), rest }
}

function compileSegment(text: string, projectId: string | undefined): Segment {
  if (text === "*") return (segment) => segment !== ""
  const exact = text === projectPlaceholder ? projectId : text
  return (segment) => segment === exact
}

function matches({ segments, rest }: Pattern, path: readonly string[]): boolean {
  if (rest ? path.length <= segments.length : path.length !== segments.length) return false
  return segments.every((fits, index) => fits(path[index] ?? ""))
}

/** Whether some path that continues these segments matches. */
function leadsTo({ segments, rest }: Pattern, folder: readonly string[]): boolean {
  if (!rest && folder.length >= segments.length) return false
  return folder.every((name, index) => segments[index]?.(name) ?? rest)
}
