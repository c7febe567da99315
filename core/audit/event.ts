import type { Code, Reason } from "../errors.ts"

export const auditActions = [
  "connection.created",
  "connection.updated",
  "connection.deleted",
  "connection.tested",
  "cache.cleared",
  "secret.resolve",
  "secret.validate",
  "secret.browse",
  "webhook.created",
  "webhook.rotated",
  "denied",
] as const

export type AuditAction = (typeof auditActions)[number]

/** A path that was asked for, as it was written, and how often. */
export interface AuditPath {
  path: string
  count: number
}

/** What is known only once a request has been worked on. */
export interface AuditOutcome {
  connectionId?: string
  path?: string
  source?: "provider" | "stale"
  version?: string
  code?: Code
  reason?: Reason
}

/** Who did what. Never holds a value, a credential or a configuration. */
export interface AuditEvent {
  platformId: string
  /** The token's subject, or the alias by which a Lambda was invoked. */
  actor: string
  /** What a direct caller says of whom it acts for: a claim, not a fact. */
  claimedActor?: string
  action: AuditAction
  requestId: string
  connectionId?: string
  projectId?: string
  paths?: AuditPath[]
  outcomes?: AuditOutcome[]
  /** Names of the fields that an update changed. */
  fields?: string[]
  /** The operation that was denied. */
  operation?: string
  /** The host a test, create or update contacted. */
  host?: string
  code?: Code
  reason?: Reason
}

/** An event as admins read it. */
export interface AuditEventView extends Omit<AuditEvent, "platformId"> {
  /** Its request's id and a number within that. */
  id: string
  /** RFC 3339, UTC. */
  occurred: string
}
