import type { Caller } from "../audit/caller.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import type { ConnectionFinder } from "../connections/find.ts"
import type { UsageReport } from "../contract/operations/usage.ts"
import { createCursors } from "../crypto/cursor.ts"
import { limits } from "../limits.ts"
import { allowedPaths } from "../references/allowed-paths.ts"
import type { UsageStore } from "./usage.ts"

/**
 * Lists what an admin would break by deleting a connection: which projects have resolved which paths lately. Paths that
 * the connection no longer allows are broken already, and left out.
 */
export function createUsageList(deps: {
  finder: ConnectionFinder
  usageStore: Pick<UsageStore, "page">
  clock: Clock
}) {
  const { finder, usageStore, clock } = deps
  const cursors = createCursors<string>({ clock })

  return async function usage(caller: Caller, id: string, cursor?: string): Promise<UsageReport> {
    const { principal, signal } = caller
    const { platformId } = principal
    const { record, keys } = await finder.findUsable(caller, id)
    const scope = { platformId, operation: "usage", kind: kindsOf(principal).join(), filters: [id] }
    const after = cursor === undefined ? {} : { after: cursors.read(keys, scope, cursor) }
    const options = { limit: limits.pageSize, now: clock.now(), signal, ...after }
    const { uses, next } = await usageStore.page({ platformId, connectionId: id }, options)
    return {
      data: uses.filter(({ projectId, path }) =>
        allowedPaths(record.settings.allowedPaths, projectId).allows(path),
      ),
      next: next === undefined ? null : cursors.write(keys, scope, next),
    }
  }
}
