import { deleteConnection } from "../core/contract/operations/connections.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(deleteConnection, async (app, request) => {
  await app.connections.remove(callerOf(app, request), request.params.id)
  return {}
})
