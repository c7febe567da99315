import type { Caller } from "../audit/caller.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import { authentic, notFound } from "../connections/access.ts"
import type { ConnectionStore } from "../connections/store.ts"
import type { UsageReport } from "../contract/operations/usage.ts"
import { createCursors } from "../crypto/cursor.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { limits } from "../limits.ts"
import { allowedPaths } from "../references/allowed-paths.ts"
import type { UsageStore } from "./usage.ts"

/**
 * Lists what an admin would break by deleting a connection: which projects have resolved which paths lately. Paths that
 * the connection no longer allows are broken already, and left out.
 */
export function createUsageList(deps: {
  store: ConnectionStore
  usageStore: Pick<UsageStore, "page">
  keyring: Keyring
  clock: Clock
}) {
  const { store, usageStore, keyring, clock } = deps
  const cursors = createCursors<string>({ clock })

  return async function usage(caller: Caller, id: string, cursor?: string): Promise<UsageReport> {
    const { principal, signal } = caller
    const { platformId } = principal
    const { platform, connections } = await store.read(platformId, [id], signal)
    const found = connections.get(id)
    if (!platform || !found) throw notFound(id)
    const keys = await keyring.unwrap(platform)
    const { settings } = authentic(found, keys)
    const scope = { platformId, operation: "usage", kind: kindsOf(principal).join(), filters: [id] }
    const after = cursor === undefined ? {} : { after: cursors.read(keys, scope, cursor) }
    const options = { limit: limits.pageSize, now: clock.now(), signal, ...after }
    const { uses, next } = await usageStore.page({ platformId, connectionId: id }, options)
    return {
      data: uses.filter(({ projectId, path }) => allowedPaths(settings.allowedPaths, projectId).allows(path)),
      next: next === undefined ? null : cursors.write(keys, scope, next),
    }
  }
}
