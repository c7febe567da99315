import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { at, projectId } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { type Problem, problem } from "../shapes/problem.ts"
import { anyJson } from "./resolve.ts"

/** Whether each reference in a value resolves; never the values. */
export interface Validation {
  references: {
    pointer: string
    connectionId?: string
    path?: string
    status: "ok" | "failed"
    error?: Problem
  }[]
}

export const validate = defineOperation({
  id: "validate",
  ...served.validate,
  summary: "Tell which references in a value would resolve",
  description: "Through the cache, and without ever returning a value.",
  body: once(() =>
    z
      .strictObject({ value: anyJson(), projectId: z.exactOptional(projectId()), at: z.exactOptional(at()) })
      .check(z.meta({ id: "ValidateRequest" })),
  ),
  bodyLimit: limits.body,
  status: 200,
  reply: once(
    (): z.ZodMiniType<Validation> =>
      z
        .strictObject({
          references: z.array(
            z.strictObject({
              pointer: z.string(),
              connectionId: z.exactOptional(z.string()),
              path: z.exactOptional(z.string()),
              status: z.enum(["ok", "failed"]),
              error: z.exactOptional(problem()),
            }),
          ),
        })
        .check(z.meta({ id: "Validation" })),
  ),
  errors: ["TOO_MANY_REFERENCES"],
})
