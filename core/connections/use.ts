import type { PlatformKeys } from "../crypto/keyring.ts"
import { type CacheEpoch, memoryKey } from "./cache-epoch.ts"
import type { ConnectionRecord } from "./connection.ts"

/** A connection in use by one request: the record just read, and the keys and the epoch that it stands for. */
export interface ConnectionUse {
  record: ConnectionRecord
  keys: PlatformKeys
  epoch: CacheEpoch
  /** The epoch as a key for what stays in memory about the connection itself. */
  key: string
}

export function useOf(record: ConnectionRecord, keys: PlatformKeys, epoch: CacheEpoch): ConnectionUse {
  return { record, keys, epoch, key: memoryKey(epoch, "") }
}
