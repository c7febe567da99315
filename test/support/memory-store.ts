import type { ConnectionRecord, PlatformRecord } from "../../core/connections/connection.ts"
import type { ConnectionStore } from "../../core/connections/store.ts"
import { LatchkeyError } from "../../core/errors.ts"
import type { AccountIndex } from "../../core/rotation/account-index.ts"

/** The connection store in memory, as DynamoDB keeps it: shared by the instances of a test. */
export interface MemoryStore extends ConnectionStore, AccountIndex {
  connections: Map<string, ConnectionRecord>
  platforms: Map<string, PlatformRecord>
  reads: number
  down: boolean
}

export function memoryStore(): MemoryStore {
  const connections: MemoryStore["connections"] = new Map()
  const platforms: MemoryStore["platforms"] = new Map()
  const clearedAt = new Map<string, number>()
  const key = (platformId: string, id: string) => `${platformId}\n${id}`
  const store: MemoryStore = {
    connections,
    platforms,
    reads: 0,
    down: false,
    async read(platformId, ids) {
      store.reads++
      if (store.down) throw new LatchkeyError("UNAVAILABLE", "The store is down.")
      const found = ids.flatMap((id) => connections.get(key(platformId, id)) ?? [])
      const platform = platforms.get(platformId)
      const map = new Map(found.map((record) => [record.id, structuredClone(record)]))
      return platform ? { platform: structuredClone(platform), connections: map } : { connections: map }
    },
    async page(platformId, { limit, after, backward = false }) {
      const all = [...connections.values()]
        .filter((record) => record.platformId === platformId)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      const ordered = backward ? all.reverse() : all
      const from = ordered.filter(({ id }) => after === undefined || (backward ? id < after : id > after))
      const page = from.slice(0, limit)
      return { connections: backward ? page.reverse() : page, more: from.length > limit }
    },
    async count(platformId) {
      return [...connections.values()].filter((record) => record.platformId === platformId).length
    },
    async create(record) {
      if (connections.has(key(record.platformId, record.id))) throw new LatchkeyError("CONFLICT", "Taken.")
      connections.set(key(record.platformId, record.id), structuredClone(record))
    },
    async update({ platformId, id }, expected, change) {
      const record = connections.get(key(platformId, id))
      if (record?.version !== expected.version || record.configId !== expected.configId) return false
      const { projectIds: _replaced, aws, ...kept } = record
      const place = aws && !change.config ? { aws } : {}
      connections.set(key(platformId, id), { ...kept, ...place, ...structuredClone(change) })
      return true
    },
    async delete(platformId, id) {
      clearedAt.delete(key(platformId, id))
      connections.delete(key(platformId, id))
    },
    async renew(platformId, id, generation, tested) {
      const record = id === undefined ? platforms.get(platformId) : connections.get(key(platformId, id))
      if (!record || (tested && "configId" in record && record.configId !== tested.configId)) return false
      Object.assign(record, { generation, ...(tested && { aws: tested.aws }) })
      return true
    },
    async forgetPlace({ platformId, id, configId, generation }) {
      const record = connections.get(key(platformId, id))
      if (record?.configId === configId && record.generation === generation) delete record.aws
    },
    async setWebhookSecret(platformId, id, secret) {
      const record = connections.get(key(platformId, id))
      if (!record) return false
      const { webhook } = record
      record.webhook = { secret, before: webhook?.secret ?? secret, clears: webhook?.clears ?? [] }
      return true
    },
    async clearByWebhook(platformId, id, { was, clears }, generation) {
      const record = connections.get(key(platformId, id))
      if (!record?.webhook || JSON.stringify(record.webhook.clears) !== JSON.stringify(was)) return false
      Object.assign(record, { generation, webhook: { ...record.webhook, clears } })
      return true
    },
    async clearByEvent(platformId, id, { at, effectiveFrom }, generation) {
      const record = connections.get(key(platformId, id))
      if (!record || (clearedAt.get(key(platformId, id)) ?? Number.NEGATIVE_INFINITY) >= effectiveFrom)
        return false
      record.generation = generation
      clearedAt.set(key(platformId, id), at)
      return true
    },
    async *find(account, region) {
      if (store.down) throw new LatchkeyError("UNAVAILABLE", "The store is down.")
      for (const { platformId, id, providerId, aws } of connections.values()) {
        if (aws?.account !== account || (region !== undefined && aws.region !== region)) continue
        const at = clearedAt.get(key(platformId, id))
        yield [{ platformId, id, providerId, ...(at !== undefined && { clearedAt: at }) }]
      }
    },
    async ensurePlatform(fresh) {
      const platform = platforms.get(fresh.platformId) ?? fresh
      platforms.set(fresh.platformId, platform)
      return structuredClone(platform)
    },
  }
  return store
}
