import type { Use } from "./use-usage.ts"

/** What one project, or where none was named the platform itself, has resolved. */
export interface ProjectUses {
  projectId: string | undefined
  /** The latest first. */
  uses: readonly Use[]
}

const latestFirst = (a: Use, b: Use) => Date.parse(b.lastResolvedAt) - Date.parse(a.lastResolvedAt)

/** By project, the one that resolved last first. */
export function byProject(uses: readonly Use[]): ProjectUses[] {
  return [...Map.groupBy(uses.toSorted(latestFirst), ({ projectId }) => projectId)].map(
    ([projectId, theirs]) => ({ projectId, uses: theirs }),
  )
}

/** How many projects they are of, less the platform itself. */
export const countProjects = (uses: readonly Use[]): number =>
  new Set(uses.flatMap(({ projectId }) => projectId ?? [])).size

/** Those with all these words in their path or project, the latest first. */
export function searchUses(uses: readonly Use[], text: string): Use[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const textOf = ({ path, projectId = "" }: Use) => `${path} ${projectId}`.toLowerCase()
  return uses.filter((use) => words.every((word) => textOf(use).includes(word))).sort(latestFirst)
}
