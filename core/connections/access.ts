import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import type { ConnectionRecord } from "./connection.ts"
import { isAuthentic, tampered } from "./record-mac.ts"

/** Whether someone working for `projectId`, or for no project, may use a connection of the platform. */
export function isUsable(record: ConnectionRecord, projectId: string | undefined): boolean {
  if (record.scope === "PLATFORM") return true
  return projectId !== undefined && (record.projectIds?.includes(projectId) ?? false)
}

/**
 * The connection, if it may be used: asked with the record just read, before a cached value is opened or a provider asked.
 * @throws LatchkeyError `ENTITY_NOT_FOUND`, the same whether it is missing or out of reach; `UNAVAILABLE` for a record that
 *   was changed outside Latchkey
 */
export function usable(
  record: ConnectionRecord | undefined,
  connectionId: string,
  projectId: string | undefined,
  keys: PlatformKeys,
): ConnectionRecord {
  if (record === undefined || !isUsable(record, projectId)) throw notFound(connectionId)
  return authentic(record, keys)
}

/** The record, if it is as Latchkey wrote it. @throws LatchkeyError `UNAVAILABLE` */
export function authentic(record: ConnectionRecord, keys: PlatformKeys): ConnectionRecord {
  if (!isAuthentic(keys, record)) throw tampered(record.id)
  return record
}

export function notFound(connectionId: string): LatchkeyError {
  return new LatchkeyError(
    "ENTITY_NOT_FOUND",
    "There is no such connection that this request may use. Check the id, and that the connection is open to the project that the request names.",
    { connectionId },
  )
}
