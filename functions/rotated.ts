import { rotated } from "../core/contract/operations/webhook.ts"
import { publicHandler } from "./handler.ts"

export const handler = publicHandler(rotated, async (app, request) => {
  const { params, body, rawBody, requestId, signal } = request
  await app.webhook.rotated({
    platformId: params.platformId,
    connectionId: params.id,
    ...(body.paths && { paths: body.paths }),
    rawBody,
    signature: request.header("latchkey-signature"),
    requestId,
    signal,
    audit: app.audit.request(),
  })
  return {}
})
