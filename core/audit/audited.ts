import { LatchkeyError } from "../errors.ts"
import type { RequestAudit } from "./audit.ts"
import type { AuditEvent } from "./event.ts"

/**
 * Does something that must not happen without its record: stores the event, does the work, and where that fails stores
 * why. An event without a second item was carried out, or a crash ended it: over-reported then, never under-reported.
 */
export async function audited<T>(audit: RequestAudit, event: AuditEvent, work: () => Promise<T>): Promise<T> {
  await audit.record([event])
  try {
    return await work()
  } catch (error) {
    const known = error instanceof LatchkeyError
    const { reason } = known ? error.fields : {}
    await audit.record([{ ...event, code: known ? error.code : "INTERNAL", ...(reason && { reason }) }])
    throw error
  }
}
