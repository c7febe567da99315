import { audit } from "../core/contract/operations/audit.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(audit, async (app, request) => ({
  body: await app.auditTrail(callerOf(app, request), request.query),
}))
