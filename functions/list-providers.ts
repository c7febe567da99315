import { listProviders } from "../core/contract/operations/providers.ts"
import { providerViews } from "../core/providers/view.ts"
import { operationHandler } from "./handler.ts"

export const handler = operationHandler(listProviders, async () => ({ body: { data: providerViews() } }))
