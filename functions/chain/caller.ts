import type { Caller } from "../../core/audit/caller.ts"
import type { Principal } from "../../core/auth/principal.ts"
import type { App } from "../app.ts"

/** The request as core knows it, with an audit of its own. */
export function callerOf(
  app: Pick<App, "audit">,
  { principal, requestId, signal }: { principal: Principal; requestId: string; signal: AbortSignal },
): Caller {
  return { principal, requestId, signal, audit: app.audit.request() }
}
