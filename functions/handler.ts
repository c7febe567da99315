import middy, { type MiddyHandlerObject } from "@middy/core"
import type { APIGatewayProxyResult, Context } from "aws-lambda"
import { assertKind } from "../core/auth/access.ts"
import type { Principal } from "../core/auth/principal.ts"
import { systemClock } from "../core/clock.ts"
import type { Operation } from "../core/contract/operation.ts"
import { type App, consoleOrigin, getApp, isSampled } from "./app.ts"
import { type ApiEvent, apiUrlOf, asApiEvent, headerOf } from "./chain/api-event.ts"
import { assertFromApiGateway, authenticate } from "./chain/authenticate.ts"
import {
  type ChainDeps,
  type Exchange,
  newExchange,
  timeoutEarlyInMillis,
  timeoutEarlyResponse,
} from "./chain/exchange.ts"
import { observed } from "./chain/observe.ts"
import { type Input, readInput } from "./chain/read-input.ts"
import { recordDenial } from "./chain/record-denial.ts"
import { baseHeaders, problemResponse, type Reply, successResponse } from "./chain/reply.ts"
import { log, metrics } from "./chain/telemetry.ts"

export type { Reply } from "./chain/reply.ts"

/** A request to an operation that needs a token, as its `run` gets it: authenticated, bounded and validated. */
export interface Request<Params, Query, Body> extends Input<Params, Query, Body> {
  principal: Principal
  requestId: string
  /** Where the caller has reached the API, base path included. */
  apiUrl(): string
  /** Aborts when the function is about to run out of time: whatever waits must stop. */
  signal: AbortSignal
}

/** A request to a public operation: nobody is known to be calling, unless what it carries proves it. */
export interface PublicRequest<Params, Query, Body>
  extends Omit<Request<Params, Query, Body>, "principal" | "apiUrl"> {
  /** The value of a header, by its lower-case name. */
  header(name: string): string | undefined
}

/** Never rejects: failures are problem documents. */
export type Handler = (event: unknown, context: Context) => Promise<APIGatewayProxyResult>

/** What deployed functions are built on: one log and one buffer of metrics for each instance. */
export const deployed: ChainDeps = {
  getApp,
  clock: systemClock,
  log,
  metrics,
  consoleOrigin,
  isSampled,
}

/**
 * The Lambda handler of an operation that needs a token: establishes the caller from the authorizer's context, checks
 * that the operation is open to them, reads and validates what they sent, and runs the operation.
 */
export function operationHandler<Params, Query, Body, ReplyBody>(
  operation: Operation<Params, Query, Body, ReplyBody>,
  run: (app: App, request: Request<Params, Query, Body>) => Promise<Reply<ReplyBody>>,
  deps: ChainDeps = deployed,
): Handler {
  const { who } = operation
  if (who === "public") throw new Error(`${operation.id} is public: use publicHandler.`)
  return chain(operation, deps, {
    admit(exchange) {
      exchange.principal = authenticate(exchange.event, deps.clock)
      assertKind(exchange.principal, who)
    },
    run(app, { event, principal, requestId }, input, signal) {
      if (principal === undefined) throw new Error("The chain ran an operation for nobody.")
      return run(app, { ...input, principal, requestId, signal, apiUrl: () => apiUrlOf(event) })
    },
  })
}

/** The Lambda handler of a public operation: as `operationHandler`, without a caller. */
export function publicHandler<Params, Query, Body, ReplyBody>(
  operation: Operation<Params, Query, Body, ReplyBody>,
  run: (app: App, request: PublicRequest<Params, Query, Body>) => Promise<Reply<ReplyBody>>,
  deps: ChainDeps = deployed,
): Handler {
  if (operation.who !== "public") throw new Error(`${operation.id} needs a token: use operationHandler.`)
  return chain(operation, deps, {
    admit: ({ event }) => assertFromApiGateway(event),
    run: (app, { event, requestId }, input, signal) =>
      run(app, { ...input, requestId, signal, header: (name) => headerOf(event, name) }),
  })
}

interface Parts<In, ReplyBody> {
  admit(exchange: Exchange<ApiEvent, In>): void
  run(app: App, exchange: Exchange<ApiEvent, In>, input: In, signal: AbortSignal): Promise<Reply<ReplyBody>>
}

function chain<Params, Query, Body, ReplyBody>(
  operation: Operation<Params, Query, Body, ReplyBody>,
  deps: ChainDeps,
  parts: Parts<Input<Params, Query, Body>, ReplyBody>,
): Handler {
  type In = Input<Params, Query, Body>
  type Step = middy.MiddlewareObj<Exchange<ApiEvent, In>, APIGatewayProxyResult>
  const headersFor = ({ requestId }: Exchange<ApiEvent, In>) => baseHeaders(requestId, deps.consoleOrigin())

  const answered: Step = {
    onError: async (request) => {
      const { event, error } = request
      await recordDenial(error, event, operation.id, deps)
      request.response = problemResponse(error, event.requestId, headersFor(event))
    },
  }
  const admitted: Step = { before: ({ event }) => parts.admit(event) }
  const read: Step = {
    before: ({ event }) => {
      event.input = readInput(operation, event.event)
    },
  }
  async function run(exchange: Exchange<ApiEvent, In>, _: Context, { signal }: MiddyHandlerObject) {
    if (exchange.input === undefined) throw new Error("The chain ran an operation without input.")
    const reply = await parts.run(await deps.getApp(), exchange, exchange.input, signal)
    exchange.status = reply.status ?? operation.status
    if (reply.counts !== undefined) exchange.counts = reply.counts
    return successResponse(reply, operation, headersFor(exchange))
  }

  const steps = middy(run, { timeoutEarlyInMillis, timeoutEarlyResponse })
    .use(observed(operation.id, deps))
    .use(answered)
    .use(admitted)
    .use(read)
  return (event, context) => steps(newExchange(asApiEvent(event)), context)
}
