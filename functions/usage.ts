import { usage } from "../core/contract/operations/usage.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(usage, async (app, request) => ({
  body: await app.usage(callerOf(app, request), request.params.id, request.query.cursor),
}))
