import { resolve } from "../core/contract/operations/resolve.ts"
import { limits } from "../core/limits.ts"
import { startApp } from "./app.ts"
import { callerOf } from "./chain/caller.ts"
import { countsOf } from "./chain/resolve-counts.ts"
import { operationHandler } from "./handler.ts"

startApp()

export const handler = operationHandler(resolve, async (app, request) => {
  const reply = { bytes: limits.resolveReply, enveloped: true }
  const body = await app.resolve({ ...callerOf(app, request), ...request.body, reply })
  return { body, counts: countsOf(body) }
})
