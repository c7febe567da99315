import type { AuditRecord } from "../../web/src/audit/requests.ts"

/** A record of a resolve in the sandbox's Vault. `at`: seconds after the beginning of 2026. */
export function record(requestId: string, at: number, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: `${requestId}.0`,
    occurred: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString(),
    requestId,
    actor: "service@acme",
    action: "secret.resolve",
    connectionId: "vault",
    ...more,
  }
}

/** The record of what came of a request. */
export const result = (requestId: string, at: number, more: Partial<AuditRecord>): AuditRecord =>
  record(requestId, at, { id: `${requestId}.1`, ...more })
