import { testConnection } from "../core/contract/operations/connections.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(testConnection, async (app, request) => ({
  body: await app.connections.test(callerOf(app, request), request.params.id),
}))
