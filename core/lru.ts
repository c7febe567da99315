import { LRUCache } from "lru-cache"

/** What a map may hold in bytes too, beside its number of entries. */
export interface ByteBound<Value> {
  maxBytes: number
  bytesOf(value: Value, key: string): number
}

/**
 * A map that holds at most `max` entries, and where given `maxBytes`, and forgets those that were used longest ago. It
 * starts small and grows: told `max` in its own words, lru-cache makes room for so many at once, which for the maps of one
 * instance takes 8 ms of its start. So entries weigh at least their share of the whole, and `max` of them fill it.
 */
export function createLru<Value extends NonNullable<unknown>>(
  max: number,
  bound?: ByteBound<Value>,
): LRUCache<string, Value> {
  if (bound === undefined) return new LRUCache({ maxSize: max, sizeCalculation: () => 1 })
  const share = Math.floor(bound.maxBytes / max)
  return new LRUCache({
    maxSize: share * max,
    sizeCalculation: (value, key) => Math.max(share, bound.bytesOf(value, key)),
  })
}
