import { type CacheEpoch, epochOf } from "../connections/cache-epoch.ts"
import type { ConnectionRecord, PlatformRecord } from "../connections/connection.ts"
import type { Snapshot } from "../connections/store.ts"
import { canonical } from "../crypto/canonical.ts"
import { createLru } from "../lru.ts"

/** What an instance remembers of the last record it saw: never a basis for an answer, only for what to ask Redis for. */
export interface Guess {
  providerId: ConnectionRecord["providerId"]
  epoch: CacheEpoch
  /** Whether values of the connection are cached at all. */
  cached: boolean
}

export interface Guesses {
  of(platformId: string, connectionId: string): Guess | undefined
  remember(platform: PlatformRecord, connections: Snapshot["connections"]): void
}

export function createGuesses(): Guesses {
  const guesses = createLru<Guess>(10_000)
  return {
    of: (platformId, connectionId) => guesses.get(canonical([platformId, connectionId])),

    remember(platform, connections) {
      for (const record of connections.values())
        guesses.set(canonical([platform.platformId, record.id]), {
          providerId: record.providerId,
          epoch: epochOf(record, platform),
          cached: record.settings.cacheTtlSeconds > 0,
        })
    },
  }
}
