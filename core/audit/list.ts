import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import { createCursors } from "../crypto/cursor.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { limits } from "../limits.ts"
import { withinReply } from "../within-reply.ts"
import { type AuditItem, type AuditStore, positionOf, timePosition } from "./audit.ts"
import type { Caller } from "./caller.ts"
import type { AuditAction, AuditEventView } from "./event.ts"

export interface AuditListQuery {
  connectionId?: string
  actor?: string
  action?: AuditAction
  /** RFC 3339, UTC: inclusive and exclusive. */
  from?: string
  to?: string
  limit?: number
  cursor?: string
}

/** A page of the audit. It may be short, or empty, and still have a `next`. */
export interface AuditList {
  data: AuditEventView[]
  next: string | null
}

/** Where a page goes on. What was counted from the time of the first page is kept for those that follow. */
type Position = { before: string; from: number }

const day = 86_400_000
/** Other instances' clocks may be ahead of ours, and what they have just recorded is not to be missed. */
const clockToleranceMs = 60_000

/** Lists what was done on a platform, the newest first. */
export function createAuditList(deps: {
  auditStore: Pick<AuditStore, "page">
  /** Of any platform: one without connections has an audit too. */
  keysOf(platformId: string, signal: AbortSignal): Promise<PlatformKeys>
  clock: Clock
}) {
  const { auditStore, keysOf, clock } = deps
  const cursors = createCursors<Position>({ clock })

  return async function auditTrail(caller: Caller, query: AuditListQuery): Promise<AuditList> {
    const { principal, signal } = caller
    const { platformId } = principal
    const { connectionId, actor, action, from, to, limit = limits.defaultPageSize, cursor } = query
    const scope = {
      platformId,
      operation: "audit",
      kind: kindsOf(principal).join(),
      filters: [connectionId ?? "", actor ?? "", action ?? "", from ?? "", to ?? ""],
    }
    const start =
      cursor === undefined ? first(query) : cursors.read(await keysOf(platformId, signal), scope, cursor)
    const filters = {
      ...(connectionId !== undefined && { connectionId }),
      ...(actor !== undefined && { actor }),
      ...(action !== undefined && { action }),
    }
    const options = { limit, maxBytes: limits.listReply, now: clock.now(), signal }
    const page = await auditStore.page({ platformId, ...filters, ...start }, options)

    const data = withinReply(page.items.map(viewOf))
    const last = page.items[data.length - 1]
    const next = last && data.length < page.items.length ? positionOf(last) : page.next
    return {
      data,
      next:
        next === undefined
          ? null
          : cursors.write(await keysOf(platformId, signal), scope, { ...start, before: next }),
    }
  }

  /** The span of a first page: until now, and for a day, where the query does not say. */
  function first({ from, to }: AuditListQuery): Position {
    const now = clock.now()
    const until = Math.min(
      to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to),
      now + clockToleranceMs,
    )
    const since = from === undefined ? Math.min(until, now) - day : Date.parse(from)
    if (from !== undefined && to !== undefined && since >= Date.parse(to))
      throw new LatchkeyError("VALIDATION", "`from` must be earlier than `to`.", {
        issues: [{ pointer: "/from", message: "must be earlier than `to`" }],
      })
    return { before: timePosition(until), from: since }
  }
}

function viewOf({ platformId: _itsOwn, at, item, ...event }: AuditItem): AuditEventView {
  return { id: `${event.requestId}.${item}`, occurred: new Date(at).toISOString(), ...event }
}
