/**
 * The median time of each case, in milliseconds. They are called in turns, one call of each per round and every round in
 * another order, so that whatever else the machine does, and whatever a call leaves behind, meets them all alike.
 */
export async function interleaved<Name extends string>(
  cases: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
): Promise<(name: Name) => number> {
  const names = Object.keys(cases) as Name[]
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const name of shuffled(names)) {
      const start = performance.now()
      await cases[name]()
      samples.get(name)?.push(performance.now() - start)
    }
  return (name) => median(samples.get(name) ?? [])
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
