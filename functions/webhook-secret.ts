import { webhookSecret } from "../core/contract/operations/webhook.ts"
import { fillPath, served } from "../core/contract/routes.ts"
import { callerOf } from "./chain/caller.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(webhookSecret, async (app, request) => {
  const { id } = request.params
  const { platformId } = request.principal
  const url = request.apiUrl() + fillPath(served.rotated.path, { platformId, id })
  const secret = await app.webhook.webhookSecret(callerOf(app, request), id)
  return { body: { secret: secret.reveal(), url } }
})
