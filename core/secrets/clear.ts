import { audited } from "../audit/audited.ts"
import { mayClear } from "../auth/access.ts"
import { notFound } from "../connections/access.ts"
import type { Caller } from "../connections/caller.ts"
import { eventOf } from "../connections/service.ts"
import type { ConnectionStore } from "../connections/store.ts"
import { newNonce } from "../ids.ts"

/**
 * Clears a cache by a new generation in DynamoDB: what was fetched before does not open any more, on any instance,
 * whether or not Redis can be reached. Nothing needs to be deleted.
 */
export function createClear({ store }: { store: ConnectionStore }) {
  return async function clear(caller: Caller, connectionId: string | undefined): Promise<void> {
    const { platformId } = caller.principal
    await audited(caller.audit, eventOf(caller, "cache.cleared", connectionId), async () => {
      if (connectionId === undefined) {
        mayClear(caller.principal, undefined)
        await store.renew(platformId, undefined, newNonce())
        return
      }
      const { connections } = await store.read(platformId, [connectionId], caller.signal)
      const record = connections.get(connectionId)
      if (!record || !mayClear(caller.principal, record)) throw notFound(connectionId)
      if (!(await store.renew(platformId, connectionId, newNonce()))) throw notFound(connectionId)
    })
  }
}
