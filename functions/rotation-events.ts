import middy, { type MiddyHandlerObject } from "@middy/core"
import type { Context } from "aws-lambda"
import {
  type ChainDeps,
  type Exchange,
  newExchange,
  timeoutEarlyInMillis,
  timeoutEarlyResponse,
} from "./chain/exchange.ts"
import { observed } from "./chain/observe.ts"
import { deployed } from "./handler.ts"

/** Rejects only where the event shall come again. */
export type EventHandler = (event: unknown, context: Context) => Promise<void>

/**
 * The Lambda handler of what EventBridge delivers: no caller waits for it. What cannot be acted on is told in the log and
 * dropped; only what may work later is failed, for Lambda to try again and to keep in the end.
 */
export function rotationEventHandler(deps: ChainDeps = deployed): EventHandler {
  async function run({ event, requestId }: Event, _: Context, { signal }: MiddyHandlerObject) {
    const { awsChanged, audit } = await deps.getApp()
    const outcome = await awsChanged({ event, requestId, signal, audit: audit.request() })
    if ("ignored" in outcome) deps.log.warn("rotation event ignored", { requestId, reason: outcome.ignored })
    else deps.log.info("rotation event", { requestId, connections: outcome.cleared })
    deps.metrics.count("RotationEvents", 1, { outcome: "ignored" in outcome ? "ignored" : "taken" })
    deps.metrics.count("RotationClears", "ignored" in outcome ? 0 : outcome.cleared)
  }
  const steps = middy(run, { timeoutEarlyInMillis, timeoutEarlyResponse }).use(
    observed("rotationEvents", deps),
  )
  return async (event, context) => {
    try {
      await steps(newExchange(event), context)
    } catch {
      // Lambda prints what a function rejects with, whatever it holds.
      throw new Error("The event could not be acted on now. Lambda tries it again.")
    }
  }
}

type Event = Exchange<unknown, never>

export const handler = rotationEventHandler()
