import { createConnection } from "../core/contract/operations/new-connection.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(createConnection, async (app, request) => ({
  body: await app.connections.create(callerOf(app, request), request.body),
}))
