import type { Audit } from "../audit/audit.ts"
import { audited } from "../audit/audited.ts"
import type { ConnectionStore } from "../connections/store.ts"
import { newNonce, newRequestId } from "../ids.ts"
import type { Records } from "./records.ts"
import { type WalkOptions, walk } from "./walk.ts"

export interface ClearCounts {
  cleared: number
}

/**
 * Gives every platform a new generation, as `DELETE /cache` does for one: nothing that was cached before opens any more.
 * For after a restore, which brings back the generations that were. Each clear is recorded before it is done.
 * @param deps.actor - who does it, for the audit
 * @returns where to go on, where the signal has ended it
 */
export async function clearAll(
  deps: { records: Records; store: Pick<ConnectionStore, "renew">; audit: Audit; actor: string },
  counts: ClearCounts,
  { dryRun = false, ...options }: WalkOptions & { dryRun?: boolean } = {},
): Promise<string | undefined> {
  const { records, store, audit, actor } = deps
  return walk(
    records,
    async ({ platformId, connectionId }) => {
      if (connectionId !== undefined) return
      const event = { platformId, actor, action: "cache.cleared", requestId: newRequestId() } as const
      if (!dryRun) await audited(audit.request(), event, () => store.renew(platformId, undefined, newNonce()))
      counts.cleared++
    },
    options,
  )
}
