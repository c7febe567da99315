import type { RequestAudit } from "../audit/audit.ts"
import { audited } from "../audit/audited.ts"
import type { AuditEvent } from "../audit/event.ts"
import type { Clock } from "../clock.ts"
import type { ConnectionStore } from "../connections/store.ts"
import { newNonce } from "../ids.ts"
import { forEachParallel } from "../providers/parallel.ts"
import type { AccountIndex, IndexedConnection } from "./account-index.ts"
import { type AwsChange, readAwsEvent } from "./aws-event.ts"

/** Events as EventBridge delivered them, in any order. */
export interface AwsEventsCall {
  events: readonly unknown[]
  requestId: string
  audit: RequestAudit
  signal: AbortSignal
}

/** What became of events. */
export interface AwsEventsOutcome {
  /** Why nothing is done about each of them. */
  ignored: string[]
  /** How many connections' caches they have cleared. */
  cleared: number
  /** Those that have to come again, by their places among the events, with why. */
  failed: { error: unknown; events: number[] }[]
}

/** AWS's clocks and ours are not the same, its times are cut to the second, and a change may take a moment to be read everywhere. */
const toleranceMs = 5_000
const concurrency = 8

/**
 * Clears the caches of the connections that events of AWS are about, as their webhooks would: those whose credentials belong
 * to an event's account. What has happened before a connection's last clear by an event changes nothing more. Since events
 * are kept back for longer than that takes to be certain, those that come twice, in any order, or by the thousand clear a
 * connection once in ten seconds at most, and none is without its clear.
 */
export function createAwsChanged(deps: { store: ConnectionStore; accounts: AccountIndex; clock: Clock }) {
  const { store, accounts, clock } = deps

  return async function awsChanged({ events, ...call }: AwsEventsCall): Promise<AwsEventsOutcome> {
    const outcome: AwsEventsOutcome = { ignored: [], cleared: 0, failed: [] }
    const changes: { index: number; change: AwsChange }[] = []
    events.forEach((event, index) => {
      const reading = readAwsEvent(event)
      if ("ignored" in reading) outcome.ignored.push(reading.ignored)
      else changes.push({ index, change: reading.change })
    })
    const places = Map.groupBy(changes, ({ change }) => placeOf(change))
    await forEachParallel(places.values(), concurrency, async (there) => {
      const latest = there.reduce((a, b) => (b.change.at > a.change.at ? b : a))
      try {
        await clearFor(latest.change, call, outcome)
      } catch (error) {
        outcome.failed.push({ error, events: there.map(({ index }) => index) })
      }
    })
    return outcome
  }

  /**
   * Counts what it clears in `outcome`. Where one of a platform's connections fails, its others wait for the next time: they would
   * probably fail as well, and hold up those of other platforms.
   * @throws LatchkeyError `UNAVAILABLE`: some may not be cleared
   */
  async function clearFor(change: AwsChange, call: Call, outcome: AwsEventsOutcome): Promise<void> {
    // A clear from then on has met the change already.
    const effectiveFrom = change.at + toleranceMs
    const failing = new Map<string, unknown>()
    for await (const page of accounts.find(change.account, regionOf(change), call.signal)) {
      const stale = page.filter(
        (one) => mayRead(one, change) && (one.clearedAt ?? Number.NEGATIVE_INFINITY) < effectiveFrom,
      )
      await forEachParallel(stale, concurrency, async (connection) => {
        call.signal.throwIfAborted()
        if (failing.has(connection.platformId)) return
        try {
          if (await clear(connection, effectiveFrom, call)) outcome.cleared++
        } catch (error) {
          failing.set(connection.platformId, error)
        }
      })
    }
    for (const error of failing.values()) throw error
  }

  /** False where another event was quicker, or the connection is gone. */
  function clear({ platformId, id }: IndexedConnection, effectiveFrom: number, call: Call) {
    const { audit, requestId } = call
    // Not what has changed: the platform may have credentials of the account that cannot see it.
    const event: AuditEvent = {
      platformId,
      actor: "aws-event",
      action: "cache.cleared",
      requestId,
      connectionId: id,
    }
    return audited(audit, event, () =>
      store.clearByEvent(platformId, id, { at: clock.now(), effectiveFrom }, newNonce()),
    )
  }
}

type Call = Omit<AwsEventsCall, "events">

/** Of changes in one place the latest stands for all. */
const placeOf = (change: AwsChange) => [change.service, change.account, regionOf(change)].join()

/**
 * Where the connections are that a change concerns. Secrets have replicas in other regions, which change with them and of
 * which the event says nothing; parameters have none.
 */
const regionOf = ({ service, region }: AwsChange) => (service === "ssm" ? region : undefined)

/** Parameter Store reads secrets too, by parameters that refer to them; Secrets Manager reads no parameters. */
const mayRead = ({ providerId }: IndexedConnection, { service }: AwsChange) =>
  service === "secretsmanager" || providerId === "aws-ssm"
