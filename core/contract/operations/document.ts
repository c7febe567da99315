import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"

export const document = defineOperation({
  id: "document",
  ...served.document,
  summary: "This description of the API",
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => z.record(z.string(), z.unknown()).check(z.describe("An OpenAPI 3.1 document."))),
  errors: [],
})
