import { directPayload } from "../core/contract/resolve-direct.ts"
import { limits } from "../core/limits.ts"
import { startApp } from "./app.ts"
import { callerOf } from "./chain/caller.ts"
import { countsOf } from "./chain/resolve-counts.ts"
import { directHandler } from "./direct-handler.ts"

startApp()

const operation = { id: "resolveDirect", payload: directPayload, payloadLimit: limits.directBody }

/** Invoked by other Lambdas of the account, by an alias of their own. */
export const handler = directHandler(operation, async (app, request) => {
  const { platformId: _authenticated, actor, ...payload } = request.payload
  const reply = { bytes: limits.directReply, enveloped: false }
  const claim = actor === undefined ? {} : { claimedActor: actor }
  const body = await app.resolve({ ...callerOf(app, request), ...payload, ...claim, reply })
  return { body, counts: countsOf(body) }
})
