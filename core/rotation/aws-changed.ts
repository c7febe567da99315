import type { RequestAudit } from "../audit/audit.ts"
import { audited } from "../audit/audited.ts"
import type { AuditEvent } from "../audit/event.ts"
import type { Clock } from "../clock.ts"
import type { ConnectionStore } from "../connections/store.ts"
import { newNonce } from "../ids.ts"
import { forEachParallel } from "../providers/parallel.ts"
import type { AccountIndex, IndexedConnection } from "./account-index.ts"
import { type AwsChange, readAwsEvent } from "./aws-event.ts"

/** An event as EventBridge delivered it. */
export interface AwsEventCall {
  event: unknown
  requestId: string
  audit: RequestAudit
  signal: AbortSignal
}

/** What became of an event: why nothing, or how many connections' caches it has cleared. */
export type AwsEventOutcome = { ignored: string } | { cleared: number }

/** AWS's clocks and ours are not the same, its times are cut to the second, and a change may take a moment to be read everywhere. */
const toleranceMs = 5_000
const concurrency = 8

/**
 * Clears the caches of the connections that an event of AWS is about, as their webhooks would: those whose credentials belong
 * to the event's account. What has happened before a connection's last clear by an event changes nothing more, so events that
 * come twice, in any order, or many of one rotation cost little.
 */
export function createAwsChanged(deps: { store: ConnectionStore; accounts: AccountIndex; clock: Clock }) {
  const { store, accounts, clock } = deps

  /** @throws LatchkeyError `UNAVAILABLE`: some may not be cleared, and the event has to come again */
  return async function awsChanged(call: AwsEventCall): Promise<AwsEventOutcome> {
    const reading = readAwsEvent(call.event)
    if ("ignored" in reading) return reading
    const { change } = reading
    // A clear from then on has met the change already.
    const effectiveFrom = change.at + toleranceMs
    let cleared = 0
    for await (const page of accounts.find(change.account, regionOf(change), call.signal)) {
      const stale = page.filter(
        (one) => mayRead(one, change) && (one.clearedAt ?? Number.NEGATIVE_INFINITY) < effectiveFrom,
      )
      await forEachParallel(stale, concurrency, async (connection) => {
        call.signal.throwIfAborted()
        if (await clear(connection, effectiveFrom, call)) cleared++
      })
    }
    return { cleared }
  }

  /** False where another event was quicker, or the connection is gone. */
  function clear({ platformId, id }: IndexedConnection, effectiveFrom: number, call: AwsEventCall) {
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

/**
 * Where the connections are that a change concerns. Secrets have replicas in other regions, which change with them and of
 * which the event says nothing; parameters have none.
 */
const regionOf = ({ service, region }: AwsChange) => (service === "ssm" ? region : undefined)

/** Parameter Store reads secrets too, by parameters that refer to them; Secrets Manager reads no parameters. */
const mayRead = ({ providerId }: IndexedConnection, { service }: AwsChange) =>
  service === "secretsmanager" || providerId === "aws-ssm"
