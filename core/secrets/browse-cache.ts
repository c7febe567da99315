import type { Clock } from "../clock.ts"
import { bindingOf, memoryKey } from "../connections/cache-epoch.ts"
import { entryName } from "../connections/entry-names.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { canonical } from "../crypto/canonical.ts"
import { openJson, sealJson } from "../crypto/seal.ts"
import { createLru } from "../lru.ts"
import type { BrowsePage } from "../providers/provider.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import { bytesOf } from "../redis/replies.ts"
import { maxCachedBytes } from "./entry.ts"

/** Which page: what it lists, and where the secret manager goes on. */
export interface PageKey {
  prefix: string
  cursor: string | undefined
}

/** Pages as the secret manager gave them, sealed in Redis and in memory: of one epoch, as values are, so gone with a clear. */
export interface BrowseCache {
  read(use: ConnectionUse, key: PageKey): Promise<BrowsePage | undefined>
  /** `askedAt` in milliseconds: the page's time counts from when it was asked for. */
  write(use: ConnectionUse, key: PageKey, page: BrowsePage, askedAt: number): Promise<void>
}

const keptMs = 60_000

interface KeptPage {
  page: BrowsePage
  until: number
}

export function createBrowseCache({ redis, clock }: { redis: OptionalRedis; clock: Clock }): BrowseCache {
  const pages = createLru<KeptPage & { bytes: number }>(2_000, {
    maxBytes: 4 * 1024 * 1024,
    bytesOf: ({ bytes }, key) => key.length + bytes,
  })

  return {
    async read(use, key) {
      if (use.record.settings.cacheTtlSeconds === 0) return undefined
      const kept = pages.get(memoryKey(use.epoch, documentOf(key)))
      if (kept && kept.until > clock.now()) return kept.page
      const replies = await redis.ask([["MGET", nameOf(use, key)]])
      const [sealed] = bytesOf(replies?.[0])
      const opened =
        sealed && openJson<KeptPage>(use.keys, "browse", bindingOf(use.epoch, documentOf(key)), sealed)
      if (!opened || opened.body.until <= clock.now()) return undefined
      remember(use, key, opened.body, opened.size)
      return opened.body.page
    },

    async write(use, key, page, askedAt) {
      const until = askedAt + Math.min(keptMs, use.record.settings.cacheTtlSeconds * 1000)
      const now = clock.now()
      const kept: KeptPage = { page, until }
      const bytes = Buffer.byteLength(JSON.stringify(kept))
      if (until <= now || bytes > maxCachedBytes) return
      remember(use, key, kept, bytes)
      const sealed = sealJson(use.keys, "browse", bindingOf(use.epoch, documentOf(key)), kept, now)
      await redis.ask([["SET", nameOf(use, key), sealed, until - now]])
    },
  }

  function remember(use: ConnectionUse, key: PageKey, kept: KeptPage, bytes: number): void {
    pages.set(memoryKey(use.epoch, documentOf(key)), { ...kept, bytes })
  }
}

const documentOf = ({ prefix, cursor }: PageKey) =>
  canonical(cursor === undefined ? [prefix] : [prefix, cursor])

const nameOf = ({ keys, epoch }: ConnectionUse, key: PageKey) =>
  entryName(keys, "browse", epoch.platformId, epoch.connectionId, documentOf(key))
