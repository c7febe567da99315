import { listProviders } from "../core/contract/operations/providers.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(listProviders, async (app, { principal }) => ({
  body: { data: await app.providers(principal.platformId) },
}))
