/** Counts what a server was asked for, by name, for tests and the bench. */
export interface Counter {
  add(name: string): void
  /** How often `name` was asked for; without it, everything together. */
  count(name?: string): number
  /** Every name seen, with its count. */
  all(): Record<string, number>
  reset(): void
}

export function createCounter(): Counter {
  const counts = new Map<string, number>()
  return {
    add: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
    count: (name) =>
      name === undefined ? [...counts.values()].reduce((sum, n) => sum + n, 0) : (counts.get(name) ?? 0),
    all: () => Object.fromEntries(counts),
    reset: () => counts.clear(),
  }
}
