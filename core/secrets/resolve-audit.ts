import type { AuditAction, AuditEvent, AuditOutcome, AuditPath } from "../audit/event.ts"
import type { Principal } from "../auth/principal.ts"
import type { Place } from "../references/template.ts"
import type { Wanted } from "./lookup.ts"
import { type Outcome, worthTelling } from "./outcome.ts"

/** Paths of one item, in bytes of JSON: an item of DynamoDB holds 400 KB. */
const maxItemBytes = 300_000

/** Who asks, for whom and for what. */
export interface AuditedRequest {
  principal: Principal
  projectId?: string
  /** What a direct caller says of whom it acts for. */
  claimedActor?: string
  action: Extract<AuditAction, "secret.resolve" | "secret.validate">
  requestId: string
}

/** Who asked for which paths, as they were written: an item per connection and 300 KB of paths, counts instead of repetitions. */
export function requestEvents(request: AuditedRequest, places: readonly Place[]): AuditEvent[] {
  const byConnection = new Map<string | undefined, Map<string, number>>()
  for (const { parts } of places)
    for (const part of parts) {
      if (typeof part === "string") continue
      // What is malformed may be anything, so its text is no path to write down.
      const path = part.kind === "reference" ? part.rawPath : "(malformed)"
      const paths = byConnection.get(part.connectionId) ?? new Map<string, number>()
      byConnection.set(part.connectionId, paths)
      paths.set(path, (paths.get(path) ?? 0) + 1)
    }
  return [...byConnection].flatMap(([connectionId, counts]) => {
    const paths = [...counts].map(([path, count]): AuditPath => ({ path, count }))
    return chunks(paths).map((chunk) => ({
      ...head(request),
      ...(connectionId !== undefined && { connectionId }),
      paths: chunk,
    }))
  })
}

/**
 * What is known only afterwards: failures, fetches with their versions, stale answers. Nothing where everything came
 * from the caches.
 */
export function outcomeEvents(
  request: AuditedRequest,
  wanted: readonly Wanted[],
  outcomes: readonly Outcome[],
  malformed: number,
): AuditEvent[] {
  const told = outcomes.flatMap((outcome, index): AuditOutcome[] => {
    const news = worthTelling(outcome)
    const one = wanted[index]
    return news && one ? [{ connectionId: one.connectionId, path: one.rawPath, ...news }] : []
  })
  if (malformed > 0) told.push({ code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "INVALID_PATH" })
  if (told.length === 0) return []
  const [only, ...others] = new Set(wanted.map(({ connectionId }) => connectionId))
  return chunks(told).map((chunk) => ({
    ...head(request),
    ...(only !== undefined && others.length === 0 && { connectionId: only }),
    outcomes: chunk,
  }))
}

function head({ principal, projectId, claimedActor, action, requestId }: AuditedRequest): AuditEvent {
  return {
    platformId: principal.platformId,
    actor: principal.subject,
    ...(claimedActor !== undefined && { claimedActor }),
    action,
    requestId,
    ...(projectId !== undefined && { projectId }),
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  // One look at the whole tells most lists to be short: a character takes three bytes at most.
  if (items.length > 0 && JSON.stringify(items).length * 3 <= maxItemBytes) return [[...items]]
  const all: T[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item))
    if (bytes + size > maxItemBytes) {
      all.push([])
      bytes = 0
    }
    all.at(-1)?.push(item)
    bytes += size
  }
  return all
}
