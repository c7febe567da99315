import { browse } from "../core/contract/operations/browse.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(browse, async (app, request) => ({
  body: await app.browse(callerOf(app, request), request.params.id, request.body),
}))
