import type { Caller } from "../audit/caller.ts"
import { isOpenTo, type Reach, reachOf } from "../auth/access.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
import { createCursors } from "../crypto/cursor.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { withinReply } from "../within-reply.ts"
import { epochOf } from "./cache-epoch.ts"
import type { ConnectionRecord } from "./connection.ts"
import type { StatusBoard } from "./status-board.ts"
import type { ConnectionStore } from "./store.ts"
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
    const reach = reachOf(principal, projectId)
    const { platform } = await store.read(platformId, [], caller.signal)
    if (!platform) {
      if (cursor !== undefined) throw cursors.foreign()
      return { data: [], next: null, previous: null }
    }
    const keys = await keyring.unwrap(platform)
    const scope = {
      platformId,
      operation: "listConnections",
      kind: kindsOf(principal).join(),
      filters: reach === "any" ? ["any"] : ["of", ...reach],
    }
    const from = cursor === undefined ? undefined : cursors.read(keys, scope, cursor)
    const query = { platformId, reach, limit: limit ?? Number.POSITIVE_INFINITY }
    const found = await pageFrom(query, from)
    const uses = found.records.map((record) => useOf(record, keys, epochOf(record, platform)))
    const statuses = await statusBoard.of(uses, caller)
    const data = uses.map((use) => viewOf(use, statuses.get(use), caller))
    const backward = found.from?.backward === true
    const kept = withinReply(data, backward)
    const more = found.more || kept.length < data.length

    const at = (record: { id: string } | undefined, backward: boolean) =>
      record ? cursors.write(keys, scope, { id: record.id, backward }) : null
    return {
      data: kept,
      next: backward || more ? at(kept.at(-1), false) : null,
      previous: (backward ? more : found.from !== undefined) ? at(kept[0], true) : null,
    }
  }

  async function pageFrom(query: PageQuery, from: Position | undefined): Promise<Page> {
    const page = await collect(query, from)
    // All that stood before may have been deleted since: then the first page is the one before.
    return from?.backward && page.records.length === 0 ? collect(query, undefined) : page
  }

  async function collect({ platformId, reach, limit }: PageQuery, from: Position | undefined): Promise<Page> {
    const backward = from?.backward ?? false
    let after = from?.id
    let records: ConnectionRecord[] = []
    for (;;) {
      const page = await store.page(platformId, {
        limit: storePage,
        backward,
        ...(after !== undefined && { after }),
      })
      const fitting = page.connections.filter((record) => isOpenTo(record, reach))
      records = backward ? [...fitting, ...records] : [...records, ...fitting]
      if (records.length > limit)
        return { records: backward ? records.slice(-limit) : records.slice(0, limit), more: true, from }
      if (!page.more) return { records, more: false, from }
      after = (backward ? page.connections[0] : page.connections.at(-1))?.id
    }
  }
}

interface PageQuery {
  platformId: string
  reach: Reach
  limit: number
}

interface Page {
  records: ConnectionRecord[]
  /** Whether there are more visible ones in the direction asked for. */
  more: boolean
  from: Position | undefined
}
