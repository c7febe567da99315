import { openApi } from "../core/contract/openapi.ts"
import { document } from "../core/contract/operations/document.ts"
import { operations } from "../core/contract/operations/index.ts"
import { publicHandler } from "./handler.ts"

let body: Record<string, unknown> | undefined

export const handler = publicHandler(document, async () => {
  body ??= openApi(Object.values(operations))
  return { body }
})
