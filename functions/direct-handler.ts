import middy, { type MiddyHandlerObject } from "@middy/core"
import type { Context } from "aws-lambda"
import type * as z from "zod/mini"
import { principalOfDirectCall } from "../core/auth/direct-caller.ts"
import type { Principal } from "../core/auth/principal.ts"
import { parseInput } from "../core/contract/parse.ts"
import { toProblem } from "../core/contract/problems.ts"
import type { Problem } from "../core/contract/shapes/problem.ts"
import { limits } from "../core/limits.ts"
import type { App } from "./app.ts"
import {
  type ChainDeps,
  type Exchange,
  newExchange,
  timeoutEarlyInMillis,
  timeoutEarlyResponse,
} from "./chain/exchange.ts"
import { observed } from "./chain/observe.ts"
import { checkParsed } from "./chain/parse-json.ts"
import type { Reply } from "./chain/reply.ts"
import { deployed } from "./handler.ts"

/** What other Lambdas invoke, without API Gateway between. */
export interface DirectOperation<Payload extends { platformId: string }> {
  id: string
  payload: () => z.core.$ZodType<Payload>
  /** Bound on the payload, in bytes of JSON. */
  payloadLimit: number
}

export interface DirectRequest<Payload> {
  /** A service of the payload's platform; its subject is the alias that was invoked. */
  principal: Principal
  payload: Payload
  requestId: string
  /** Aborts when the function is about to run out of time: whatever waits must stop. */
  signal: AbortSignal
}

export type DirectReply<ReplyBody> = ({ ok: true } & ReplyBody) | { ok: false; error: Problem }

/** Never rejects: an invocation error is left for crashes. */
export type DirectHandler<ReplyBody> = (payload: unknown, context: Context) => Promise<DirectReply<ReplyBody>>

/**
 * The Lambda handler of a direct invocation: checks and validates the payload, establishes the caller from the alias that
 * was invoked, and runs the operation.
 */
export function directHandler<Payload extends { platformId: string }, ReplyBody extends object>(
  operation: DirectOperation<Payload>,
  run: (
    app: App,
    request: DirectRequest<Payload>,
  ) => Promise<Pick<Reply<ReplyBody>, "counts"> & { body: ReplyBody }>,
  deps: ChainDeps = deployed,
): DirectHandler<ReplyBody> {
  type Step = middy.MiddlewareObj<Exchange<unknown, Payload>, DirectReply<ReplyBody>>

  const answered: Step = {
    onError: (request) => {
      request.response = { ok: false, error: toProblem(request.error, request.event.requestId) }
    },
  }
  const read: Step = {
    before: ({ event }) => {
      checkParsed(event.event, limits.depth, operation.payloadLimit)
      event.input = parseInput(operation.payload(), event.event)
    },
  }
  async function invoke(
    exchange: Exchange<unknown, Payload>,
    context: Context,
    { signal }: MiddyHandlerObject,
  ) {
    const { input, requestId } = exchange
    if (input === undefined) throw new Error("The chain ran an operation without input.")
    const app = await deps.getApp()
    const principal = principalOfDirectCall(context.invokedFunctionArn, input.platformId, app.directCallers)
    exchange.principal = principal
    const { body, counts } = await run(app, { principal, payload: input, requestId, signal })
    if (counts !== undefined) exchange.counts = counts
    return { ok: true as const, ...body }
  }

  const steps = middy(invoke, { timeoutEarlyInMillis, timeoutEarlyResponse })
    .use(observed(operation.id, deps))
    .use(answered)
    .use(read)
  return (payload, context) => steps(newExchange(payload), context)
}
