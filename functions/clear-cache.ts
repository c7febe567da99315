import { clearCache } from "../core/contract/operations/connections.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(clearCache, async (app, request) => {
  await app.clear(callerOf(app, request), request.query.connectionId)
  return {}
})
