/**
 * Does `work` for every item, at most `limit` at a time. Where one throws, no further item is begun and the promise
 * rejects with what was thrown.
 */
export async function forEachParallel<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  let next = 0
  async function worker() {
    while (next < queue.length) {
      const item = queue[next++] as Item
      try {
        await work(item)
      } catch (error) {
        next = queue.length
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, queue.length) }, worker))
}
