import { useState } from "react"
import type { Client, InputOf } from "../../../core/client/index.ts"
import { type Page, usePages } from "../data/use-pages.ts"
import { useSession } from "../session/session.tsx"
import type { AuditRecord, Narrowing } from "./requests.ts"
import { type Range, type Span, spanOf } from "./span.ts"

export type Action = AuditRecord["action"]

/** What the page looks at: of which time, what the API narrows down, and what is narrowed down here. */
export interface AuditView extends Narrowing {
  range: Range
  connectionId: string
  actor: string
  action: Action | ""
}

export const wholeView: AuditView = {
  range: { preset: "day" },
  connectionId: "",
  actor: "",
  action: "",
  outcome: "",
  path: "",
}

/** What is asked of the API, but for the place to go on from. */
export type AuditQuery = Omit<InputOf<"audit">, "cursor" | "limit">

const pageSize = 100
/** Records that are read before somebody asks for more. */
const recordsAtOnce = 1000

/** The records that the view's time and the API's own filters leave, the newest first. */
export function useAudit(view: AuditView) {
  const { client } = useSession()
  /** When this was last asked for: spans that end now end then, on every page of one reading. */
  const [asked, setAsked] = useState(Date.now)
  const span = spanOf(view.range, asked)
  const query = queryOf(view, span)
  const pages = usePages<AuditRecord>(
    JSON.stringify(query),
    (cursor, signal) => loadPage(client, query, cursor, signal),
    recordsAtOnce,
  )
  return {
    ...pages,
    span,
    query,
    reload() {
      setAsked(Date.now())
      pages.reload()
    },
  }
}

export function loadPage(
  client: Pick<Client, "audit">,
  query: AuditQuery,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<AuditRecord>> {
  return client.audit({ ...query, limit: pageSize, cursor }, { signal })
}

function queryOf({ range, connectionId, actor, action }: AuditView, { from, to }: Span): AuditQuery {
  return {
    from: new Date(from).toISOString(),
    // What ends now has no end: this browser's clock may be behind.
    ...(!("preset" in range) && { to: new Date(to).toISOString() }),
    ...(connectionId && { connectionId }),
    ...(actor && { actor }),
    ...(action && { action }),
  }
}
