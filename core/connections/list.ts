import { visibleProjects } from "../auth/access.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import { limits } from "../contract/limits.ts"
import type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { createCursors } from "../cursor.ts"
import type { Caller } from "./caller.ts"
import type { ConnectionRecord } from "./connection.ts"
import type { StatusBoard } from "./status-board.ts"
import type { ConnectionStore } from "./store.ts"
import { tupleOf } from "./tuple.ts"
import { useOf } from "./use.ts"
import { viewOf } from "./view.ts"

export interface ListQuery {
  projectId?: string
  /** Absent: all, as clients of Activepieces expect. */
  limit?: number
  cursor?: string
}

export interface ConnectionList {
  data: (Connection | MemberConnection)[]
  next: string | null
  previous: string | null
}

/** Behind or before an id. A type, since an interface is no JSON to the compiler. */
type Position = { id: string; backward: boolean }

/** Items that one query to the store asks for at most. */
const storePage = 100

export function createConnectionList(deps: {
  store: ConnectionStore
  keyring: Keyring
  statusBoard: StatusBoard
  clock: Clock
}) {
  const { store, keyring, statusBoard, clock } = deps
  const cursors = createCursors<Position>({ clock })

  return async function list(
    caller: Caller,
    { projectId, limit, cursor }: ListQuery,
  ): Promise<ConnectionList> {
    const { principal } = caller
    const { platformId } = principal
    const projects = visibleProjects(principal, projectId)
    const { platform } = await store.read(platformId, [], caller.signal)
    if (!platform) return { data: [], next: null, previous: null }
    const keys = await keyring.unwrap(platform)
    const scope = {
      platformId,
      operation: "listConnections",
      kind: kindsOf(principal).join(),
      filters: projects === "any" ? ["any"] : ["of", ...projects],
    }
    const from = cursor === undefined ? undefined : cursors.read(keys, scope, cursor)
    const visible = (record: ConnectionRecord) =>
      projects === "any" ||
      record.scope === "PLATFORM" ||
      (record.projectIds?.some((id) => projects.includes(id)) ?? false)

    const found = await collect(platformId, visible, limit ?? limits.connectionsPerPlatform + storePage, from)
    const uses = found.records.map((record) => useOf(record, keys, tupleOf(record, platform)))
    const statuses = await statusBoard.of(uses, caller)
    const data = uses.map((use) => viewOf(use, statuses.get(use), caller))
    const kept = withinReply(data, found.backward)
    const more = found.more || kept.length < data.length

    const at = (record: { id: string } | undefined, backward: boolean) =>
      record ? cursors.write(keys, scope, { id: record.id, backward }) : null
    return {
      data: kept,
      next: found.backward || more ? at(kept.at(-1), false) : null,
      previous: (found.backward ? more : from !== undefined) ? at(kept[0], true) : null,
    }
  }

  async function collect(
    platformId: string,
    visible: (record: ConnectionRecord) => boolean,
    limit: number,
    from: Position | undefined,
  ): Promise<{ records: ConnectionRecord[]; more: boolean; backward: boolean }> {
    const backward = from?.backward ?? false
    let after = from?.id
    let records: ConnectionRecord[] = []
    for (;;) {
      const page = await store.page(platformId, {
        limit: storePage,
        backward,
        ...(after !== undefined && { after }),
      })
      const fitting = page.connections.filter(visible)
      records = backward ? [...fitting, ...records] : [...records, ...fitting]
      const over = records.length > limit
      if (over) records = backward ? records.slice(-limit) : records.slice(0, limit)
      if (over || !page.more || records.length === limit)
        return { records, more: over || page.more, backward }
      after = (backward ? page.connections[0] : page.connections.at(-1))?.id
    }
  }
}

/** As many as fit the reply, from the end at which the list goes on. Always at least one, so that a list gets on. */
function withinReply<T>(data: T[], backward: boolean): T[] {
  const ordered = backward ? data.toReversed() : data
  let bytes = 0
  let kept = 0
  for (const item of ordered) {
    bytes += Buffer.byteLength(JSON.stringify(item))
    if (kept > 0 && bytes > limits.listReply) break
    kept++
  }
  return backward ? data.slice(data.length - kept) : data.slice(0, kept)
}
