import type { AuditOutcome } from "../audit/event.ts"
import { secretFailed, unanswered } from "../connections/failures.ts"
import { LatchkeyError, ProviderError } from "../errors.ts"
import type { Malformed } from "../references/reference.ts"
import type { Source } from "./found.ts"
import type { Decision } from "./lookup.ts"

/** What one reference gave: its value, or why there is none. */
export type Outcome =
  | { ok: true; text: string; source: Source; version?: string; path: string }
  | { ok: false; error: LatchkeyError; path?: string }

/** What the reference selects from its document, once that was looked for. */
export function outcomeOf(decision: Decision): Outcome {
  if (!decision.ok) return decision
  const { ref, state } = decision
  const { path } = ref
  const { answer = secretFailed(unanswered(), state.use.record) } = state
  if (answer instanceof LatchkeyError) return { ok: false, error: answer, path }
  if (!answer.ok) return { ok: false, error: secretFailed(answer.error, state.use.record), path }
  const { content, version, source } = answer
  try {
    const text = ref.select(content.reveal())
    return { ok: true, text, source, path, ...(version !== undefined && { version }) }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ok: false, error: secretFailed(error, state.use.record), path }
  }
}

export function malformedOutcome({ message, connectionId }: Malformed): Outcome {
  const error = new LatchkeyError("SECRET_MANAGER_GET_SECRET_FAILED", message, {
    reason: "INVALID_PATH",
    ...(connectionId !== undefined && { connectionId }),
  })
  return { ok: false, error }
}

/** What the audit is to be told afterwards; nothing of a value that came from the caches. */
export function worthTelling(outcome: Outcome): Omit<AuditOutcome, "connectionId" | "path"> | undefined {
  if (!outcome.ok) {
    const { code, fields } = outcome.error
    return { code, ...(fields.reason && { reason: fields.reason }) }
  }
  const { source, version } = outcome
  if (source !== "provider" && source !== "stale") return undefined
  return { source, ...(version !== undefined && { version }) }
}
