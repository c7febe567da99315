import { LRUCache } from "lru-cache"

/**
 * A map that holds at most `max` entries and forgets those that were used longest ago. It starts small and grows: told
 * `max` in its own words, lru-cache makes room for so many at once, which for the maps of one instance takes 8 ms of its
 * start.
 */
export function createLru<Value extends NonNullable<unknown>>(max: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: max, sizeCalculation: () => 1 })
}
