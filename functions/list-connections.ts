import { listConnections } from "../core/contract/operations/connections.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(listConnections, async (app, request) => ({
  body: await app.connections.list(callerOf(app, request), request.query),
}))
