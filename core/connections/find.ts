import type { Caller } from "../audit/caller.ts"
import { reachOf } from "../auth/access.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { notFound, usable, visible } from "./access.ts"
import { epochOf } from "./cache-epoch.ts"
import type { ConnectionStore } from "./store.ts"
import { type ConnectionUse, type SeenConnection, useOf } from "./use.ts"

/**
 * Reads one connection for a caller. One that is missing and one that is out of the caller's reach give the same
 * `ENTITY_NOT_FOUND`, after the same work.
 */
export interface ConnectionFinder {
  /**
   * A connection that the caller may see, to be shown only: its record may have been changed outside Latchkey.
   * @param projectId the project that the caller named
   * @throws LatchkeyError `ENTITY_NOT_FOUND`; `AUTHORIZATION` for a project that is not the caller's
   */
  findVisible(caller: Caller, id: string, projectId?: string): Promise<SeenConnection>
  /**
   * A connection that the caller may see, and whose record is as Latchkey wrote it, so that it may lead to a secret.
   * @throws LatchkeyError as `findVisible`; `UNAVAILABLE` for a record that was changed outside Latchkey
   */
  findUsable(caller: Caller, id: string, projectId?: string): Promise<ConnectionUse>
}

export function createConnectionFinder(deps: { store: ConnectionStore; keyring: Keyring }): ConnectionFinder {
  const { store, keyring } = deps

  return {
    async findVisible(caller, id, projectId) {
      const { platform, keys, found, reach } = await look(caller, id, projectId)
      const record = visible(found, id, reach)
      return useOf(record, keys, epochOf(record, platform))
    },

    async findUsable(caller, id, projectId) {
      const { platform, keys, found, reach } = await look(caller, id, projectId)
      const record = usable(found, id, reach, keys)
      return useOf(record, keys, epochOf(record, platform))
    },
  }

  /** The keys are there before it is asked whether the connection is: else a hidden one would take longer than none. */
  async function look({ principal, signal }: Caller, id: string, projectId: string | undefined) {
    const reach = reachOf(principal, projectId)
    const { platform, connections } = await store.read(principal.platformId, [id], signal)
    if (!platform) throw notFound(id)
    const keys = await keyring.unwrap(platform)
    return { platform, keys, found: connections.get(id), reach }
  }
}
