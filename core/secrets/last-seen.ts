import type { ConnectionRecord, PlatformRecord } from "../connections/connection.ts"
import type { Snapshot } from "../connections/store.ts"
import { canonical } from "../crypto/canonical.ts"
import { createLru } from "../lru.ts"

/** The records that an instance read last: never a basis for an answer, only for what the next read will probably say. */
export interface LastSeen {
  /** What a read of these connections would have given, as far as they were seen; undefined for a platform that never was. */
  of(platformId: string, connectionIds: readonly string[]): Required<Snapshot> | undefined
  remember(snapshot: Required<Snapshot>): void
}

export function createLastSeen(): LastSeen {
  const platforms = createLru<PlatformRecord>(1_000)
  const records = createLru<ConnectionRecord>(2_000, { maxBytes: 16 * 1024 * 1024, bytesOf })
  return {
    of(platformId, connectionIds) {
      const platform = platforms.get(platformId)
      if (!platform) return undefined
      const connections = new Map<string, ConnectionRecord>()
      for (const id of connectionIds) {
        const record = records.get(canonical([platformId, id]))
        if (record) connections.set(id, record)
      }
      return { platform, connections }
    },

    remember({ platform, connections }) {
      platforms.set(platform.platformId, platform)
      for (const [id, record] of connections) records.set(canonical([platform.platformId, id]), record)
    },
  }
}

/** Of what may be large in a record. */
const bytesOf = ({ config, configView, settings, projectIds = [] }: ConnectionRecord) =>
  config.data.length + configView.length + JSON.stringify([settings, projectIds]).length
