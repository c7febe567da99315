import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { providerInfo } from "../shapes/provider.ts"

export const listProviders = defineOperation({
  id: "listProviders",
  ...served.listProviders,
  summary: "List the secret managers that can be connected",
  description: "What a form for a connection and a picker for its secrets are built from.",
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => z.strictObject({ data: z.array(providerInfo()) })),
  errors: [],
})
