import type { RequestAudit } from "../audit/audit.ts"
import type { Principal } from "../auth/principal.ts"

/** One request on behalf of someone. */
export interface Caller {
  principal: Principal
  requestId: string
  audit: RequestAudit
  /** Aborts when nobody waits for the answer any more, or its time is up. */
  signal: AbortSignal
}
