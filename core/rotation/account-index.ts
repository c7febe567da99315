import type { ConnectionRecord } from "../connections/connection.ts"

/** A connection as the index knows it. */
export interface IndexedConnection extends Pick<ConnectionRecord, "platformId" | "id" | "providerId"> {
  /** When an event has last cleared its cache, in milliseconds. */
  clearedAt?: number
}

/**
 * Which connections have credentials of an AWS account, whatever their platform: the one index whose keys do not start with
 * the platform. Only the rotation function reads it. A connection may be missing for the moment after it was stored.
 */
export interface AccountIndex {
  /** Page by page; where a region is named, the connections to it alone. @throws LatchkeyError `UNAVAILABLE` */
  find(account: string, region: string | undefined, signal: AbortSignal): AsyncIterable<IndexedConnection[]>
}
