import type { Resolution } from "../../core/contract/operations/resolve.ts"
import type { Counts } from "./exchange.ts"

/** What the log tells of a resolve: how much, and where it came from. */
export function countsOf({ references }: Resolution): Counts {
  const of = (wanted: string) => references.filter(({ source }) => source === wanted).length
  return {
    references: references.length,
    connections: new Set(references.map(({ connectionId }) => connectionId)).size,
    fetched: of("provider"),
    cached: of("cache"),
    memory: of("memory"),
    stale: of("stale"),
    failed: references.filter(({ error }) => error !== undefined).length,
  }
}
