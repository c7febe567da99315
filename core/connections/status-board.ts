import type { Caller } from "../audit/caller.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import { forEachParallel } from "../providers/parallel.ts"
import { liveTest } from "./live-test.ts"
import type { Opener } from "./open.ts"
import { isAuthentic } from "./record-mac.ts"
import type { SessionBook } from "./sessions.ts"
import type { StatusCache } from "./status.ts"
import type { ConnectionUse, SeenConnection } from "./use.ts"
import type { ShownStatus } from "./view.ts"

/** The states of connections as a list shows them. */
export interface StatusBoard {
  /** What is known; for admins what is not known is checked live, a few at once, within a few seconds in all. */
  of(uses: readonly SeenConnection[], caller: Caller): Promise<Map<SeenConnection, ShownStatus>>
}

const checksAtOnce = 10
const allChecksMs = 3_000

export function createStatusBoard(deps: {
  statuses: StatusCache
  opener: Opener
  sessions: SessionBook
  clock: Clock
}): StatusBoard {
  const { statuses, opener, sessions, clock } = deps
  return {
    async of(uses, { principal, signal }) {
      const lastKnown = await statuses.read(uses)
      const known = new Map<SeenConnection, ShownStatus>(lastKnown)
      if (!kindsOf(principal).includes("admin")) return known
      const unknown = uses.filter(isUsable).filter((use) => lastKnown.get(use)?.outdated !== false)
      if (unknown.length === 0) return known
      const deadline = AbortSignal.any([signal, clock.timeout(allChecksMs)])
      await forEachParallel(unknown, checksAtOnce, async (use) => {
        known.set(use, deadline.aborted ? undecided : await check(use, deadline))
      })
      return known
    },
  }

  async function check(use: ConnectionUse, deadline: AbortSignal): Promise<ShownStatus> {
    const { record } = use
    try {
      const shared = record.settings.cacheTtlSeconds > 0
      const options = { sessions: sessions.of(use, { shared }), attempts: 1 }
      const client = await opener.saved(record, options, deadline)
      const { status } = await liveTest({
        client,
        connection: record,
        clock,
        timeoutMs: allChecksMs,
        signal: deadline,
      })
      await statuses.write(use, status)
      return status
    } catch (error) {
      if (deadline.aborted) return undecided
      if (error instanceof LatchkeyError) return { connected: false, error }
      throw error
    }
  }
}

function isUsable(seen: SeenConnection): seen is ConnectionUse {
  return isAuthentic(seen.keys, seen.record)
}

/** Not checked in time: says nothing about the connection, so it is not remembered. */
const undecided: ShownStatus = {
  connected: false,
  error: new LatchkeyError(
    "SECRET_MANAGER_CONNECTION_FAILED",
    "The check did not end in time for this list. Test the connection to learn its state.",
    { reason: "TIMEOUT" },
  ),
}
