import type { Principal } from "../auth/principal.ts"
import type { RequestAudit } from "./audit.ts"
import type { AuditAction, AuditEvent } from "./event.ts"

/** One request on behalf of someone. */
export interface Caller {
  principal: Principal
  requestId: string
  audit: RequestAudit
  /** Aborts when nobody waits for the answer any more, or its time is up. */
  signal: AbortSignal
}

/** What the caller does, as the audit has it. */
export function eventOf(
  { principal, requestId }: Pick<Caller, "principal" | "requestId">,
  action: AuditAction,
  connectionId?: string,
  host?: string,
): AuditEvent {
  return {
    platformId: principal.platformId,
    actor: principal.subject,
    action,
    requestId,
    ...(connectionId !== undefined && { connectionId }),
    ...(host !== undefined && { host }),
  }
}
