/** What came of a stretch of requests. */
export interface Tally {
  /** How long each took, in milliseconds. */
  resolves: number[]
  /** Clears, by admins and webhooks. */
  changes: number[]
  /** In words: answers that the model does not allow, answers of 500 and above, and whatever else should not be. */
  wrong: string[]
  serverErrors: string[]
  unexpected: string[]
  /** References resolved, and how many of them without asking the secret manager. */
  references: number
  cached: number
}

export const newTally = (): Tally => ({
  resolves: [],
  changes: [],
  wrong: [],
  serverErrors: [],
  unexpected: [],
  references: 0,
  cached: 0,
})

/** The time that `share` of the samples took at most; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
