import { audited } from "../audit/audited.ts"
import { type Caller, eventOf } from "../audit/caller.ts"
import { mayClear } from "../auth/access.ts"
import { notFound } from "../connections/access.ts"
import type { ConnectionStore } from "../connections/store.ts"
import { newNonce } from "../ids.ts"

/**
 * Clears a cache by a new generation in DynamoDB: what was fetched before does not open any more, on any instance,
 * whether or not Redis can be reached. Nothing needs to be deleted.
 */
export function createClear({ store }: { store: ConnectionStore }) {
  return async function clear(caller: Caller, connectionId: string | undefined): Promise<void> {
    const { platformId } = caller.principal
    await assertAllowed(caller, connectionId)
    await audited(caller.audit, eventOf(caller, "cache.cleared", connectionId), async () => {
      const found = await store.renew(platformId, connectionId, newNonce())
      // A platform without a record has nothing cached.
      if (!found && connectionId !== undefined) throw notFound(connectionId)
    })
  }

  async function assertAllowed(
    { principal, signal }: Caller,
    connectionId: string | undefined,
  ): Promise<void> {
    if (connectionId === undefined) return void mayClear(principal, undefined)
    const { connections } = await store.read(principal.platformId, [connectionId], signal)
    const record = connections.get(connectionId)
    if (!record || !mayClear(principal, record)) throw notFound(connectionId)
  }
}
