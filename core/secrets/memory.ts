import type { Clock } from "../clock.ts"
import { type CacheEpoch, memoryKey } from "../connections/cache-epoch.ts"
import { bytesInMemory } from "../json.ts"
import { createLru } from "../lru.ts"
import type { Entry } from "./entry.ts"

/** What this instance fetched or opened lately, by the whole epoch: only the record just read leads to it. */
export interface MemoryTier {
  /** An entry that is still fresh. */
  get(epoch: CacheEpoch, document: string): Entry | undefined
  put(epoch: CacheEpoch, document: string, entry: Entry): void
}

/** Bounded by count and bytes. Entries go when they are no longer fresh: stale answers come from Redis only. */
export function createMemoryTier(deps: { clock: Clock; maxEntries?: number; maxBytes?: number }): MemoryTier {
  const { clock, maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 } = deps
  const entries = createLru<Entry>(maxEntries, {
    maxBytes,
    bytesOf: (entry, key) =>
      key.length + (entry.kind === "value" ? bytesInMemory(entry.content.reveal()) : 256),
  })

  return {
    get(epoch, document) {
      const key = memoryKey(epoch, document)
      const entry = entries.get(key)
      if (entry === undefined || entry.freshUntil > clock.now()) return entry
      entries.delete(key)
      return undefined
    },

    put(epoch, document, entry) {
      if (entry.freshUntil <= clock.now()) return
      entries.set(memoryKey(epoch, document), entry)
    },
  }
}
