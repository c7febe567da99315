import { updateConnection } from "../core/contract/operations/update-connection.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(updateConnection, async (app, request) => ({
  body: await app.connections.update(
    callerOf(app, request),
    request.params.id,
    request.body,
    request.ifMatch,
  ),
}))
