import type { Records, WrappedKey } from "./records.ts"

export interface WalkOptions {
  /** Where an earlier walk has stopped. */
  after?: string
  /** Of the records of one page, how many are worked on at a time. @default 8 */
  atOnce?: number
  /** Once aborted, the page under way is the last. */
  signal?: AbortSignal
  /** Told after each page, with where the next begins: what is behind that is done. */
  onPage?: (next: string | undefined) => void
}

/**
 * Works on every key of every record, page by page. The first failure ends the walk after its page's other records; what
 * was told to `onPage` last says where to go on.
 * @returns where to go on, where the signal has ended it; nothing once all is done
 */
export async function walk(
  records: Records,
  work: (key: WrappedKey) => Promise<void>,
  { after, atOnce = 8, signal, onPage }: WalkOptions,
): Promise<string | undefined> {
  let start = after
  do {
    const { keys, next } = await records.page(start)
    await inLanes(keys, atOnce, work)
    onPage?.(next)
    start = next
  } while (start !== undefined && !signal?.aborted)
  return start
}

async function inLanes<Item>(
  items: Item[],
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values()
  const lane = async () => {
    for (const item of left) await work(item)
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failure = ended.find((one) => one.status === "rejected")
  if (failure) throw failure.reason
}
