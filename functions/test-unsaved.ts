import { testUnsaved } from "../core/contract/operations/new-connection.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(testUnsaved, async (app, request) => ({
  body: await app.connections.testUnsaved(callerOf(app, request), request.body),
}))
