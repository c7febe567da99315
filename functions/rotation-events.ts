import middy, { type MiddyHandlerObject } from "@middy/core"
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda"
import {
  type ChainDeps,
  type Exchange,
  newExchange,
  timeoutEarlyInMillis,
  timeoutEarlyResponse,
} from "./chain/exchange.ts"
import { errorFields } from "./chain/log.ts"
import { observed } from "./chain/observe.ts"
import { deployed } from "./handler.ts"

/** Rejects, or names messages, only where these shall come again. */
export type EventsHandler = (event: unknown, context: Context) => Promise<SQSBatchResponse>

/**
 * The Lambda handler of what EventBridge has put into the queue: no caller waits for it. What cannot be acted on is told in
 * the log and dropped; only what may work later is failed, for the queue to give it again and to keep it in the end.
 */
export function rotationEventsHandler(deps: ChainDeps = deployed): EventsHandler {
  async function run({ event, requestId }: Batch, { awsRequestId }: Context, { signal }: MiddyHandlerObject) {
    const messages = messagesIn(event)
    const { awsChanged, audit } = await deps.getApp()
    const events = messages.map(({ body }) => jsonOf(body))
    const { ignored, cleared, failed } = await awsChanged({
      events,
      requestId,
      signal,
      audit: audit.request(),
    })
    for (const reason of ignored) deps.log.warn("rotation event ignored", { requestId, reason })
    for (const { error } of failed)
      deps.log.error("rotation events failed", { requestId, awsRequestId, ...errorFields(error) })
    deps.log.info("rotation events", { requestId, connections: cleared })
    const again = failed.flatMap(({ events }) => events.flatMap((index) => messages[index] ?? []))
    const counts = { ignored: ignored.length, failed: again.length }
    const taken = events.length - counts.ignored - counts.failed
    for (const [outcome, count] of Object.entries({ taken, ...counts }))
      if (count > 0) deps.metrics.count("RotationEvents", count, { outcome })
    deps.metrics.count("RotationClears", cleared)
    return { batchItemFailures: again.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
  const steps = middy(run, { timeoutEarlyInMillis, timeoutEarlyResponse }).use(
    observed("rotationEvents", deps),
  )
  return async (event, context) => {
    try {
      return await steps(newExchange(event), context)
    } catch {
      // Lambda prints what a function rejects with, whatever it holds.
      throw new Error("The events could not be acted on now. The queue gives them again.")
    }
  }
}

type Batch = Exchange<unknown, never>

const messagesIn = (event: unknown) => (event as Partial<SQSEvent> | undefined)?.Records ?? []

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

export const handler = rotationEventsHandler()
