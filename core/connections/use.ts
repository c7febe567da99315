import type { PlatformKeys } from "../crypto/keyring.ts"
import type { ConnectionRecord } from "./connection.ts"
import { memoryKey, type Tuple } from "./tuple.ts"

/** A connection in use by one request: the record just read, and the keys and the tuple that it stands for. */
export interface ConnectionUse {
  record: ConnectionRecord
  keys: PlatformKeys
  tuple: Tuple
  /** The tuple as a key for what stays in memory about the connection itself. */
  key: string
}

export function useOf(record: ConnectionRecord, keys: PlatformKeys, tuple: Tuple): ConnectionUse {
  return { record, keys, tuple, key: memoryKey(tuple, "") }
}
