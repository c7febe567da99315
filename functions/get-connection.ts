import { getConnection } from "../core/contract/operations/connections.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(getConnection, async (app, request) => ({
  body: await app.connections.get(callerOf(app, request), request.params.id, request.query.projectId),
}))
