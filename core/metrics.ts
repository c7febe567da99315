/** Low-cardinality labels of a metric, such as `{ providerId: "aws" }`: our own words, never ids or anything a caller sent. */
export type Dimensions = Readonly<Record<string, string>>

/** What happens, counted. Recording never fails and never waits. */
export interface Metrics {
  /** Adds `n`, by default 1, to a counter such as `CacheHits`. */
  count(name: string, n?: number, dimensions?: Dimensions): void
  /** Records one duration in milliseconds. */
  time(name: string, ms: number, dimensions?: Dimensions): void
}
