import { isOpenTo, type Reach } from "../auth/access.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import type { AuthenticRecord, ConnectionRecord } from "./connection.ts"
import { isAuthentic, tampered } from "./record-mac.ts"

/**
 * The connection, if it is open to someone of this reach.
 * @throws LatchkeyError `ENTITY_NOT_FOUND`, the same whether it is missing or out of reach
 */
export function visible(
  record: ConnectionRecord | undefined,
  connectionId: string,
  reach: Reach,
): ConnectionRecord {
  if (record === undefined || !isOpenTo(record, reach)) throw notFound(connectionId)
  return record
}

/**
 * The connection, if it may be used: asked with the record just read, before a cached value is opened or a provider asked.
 * @throws LatchkeyError as `visible`; `UNAVAILABLE` for a record that was changed outside Latchkey
 */
export function usable(
  record: ConnectionRecord | undefined,
  connectionId: string,
  reach: Reach,
  keys: PlatformKeys,
): AuthenticRecord {
  const found = visible(record, connectionId, reach)
  if (!isAuthentic(keys, found)) throw tampered(connectionId)
  return found
}

export function notFound(connectionId: string): LatchkeyError {
  return new LatchkeyError(
    "ENTITY_NOT_FOUND",
    "There is no such connection that this request may use. Check the id, and that the connection is open to the project that the request names.",
    { connectionId },
  )
}

export function idTaken(): LatchkeyError {
  return new LatchkeyError(
    "CONFLICT",
    "A connection with this id exists already. Leave `id` out to get a new one.",
  )
}
