import type { PlatformKeys } from "../crypto/keyring.ts"
import { type CacheEpoch, memoryKey } from "./cache-epoch.ts"
import type { AuthenticRecord, ConnectionRecord } from "./connection.ts"

/** A connection as one request sees it: the record just read, and the keys and the epoch that it stands for. */
export interface SeenConnection<Record extends ConnectionRecord = ConnectionRecord> {
  record: Record
  keys: PlatformKeys
  epoch: CacheEpoch
  /** The epoch as a key for what stays in memory about the connection itself. */
  key: string
}

/** A connection that a request may use: its record leads to secrets. */
export type ConnectionUse = SeenConnection<AuthenticRecord>

export function useOf<Record extends ConnectionRecord>(
  record: Record,
  keys: PlatformKeys,
  epoch: CacheEpoch,
): SeenConnection<Record> {
  return { record, keys, epoch, key: memoryKey(epoch, "") }
}
