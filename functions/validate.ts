import { validate } from "../core/contract/operations/validate.ts"
import { startApp } from "./app.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

startApp()

export const handler = operationHandler(validate, async (app, request) => ({
  body: await app.validate(callerOf(app, request), request.body),
}))
