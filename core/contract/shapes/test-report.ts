import * as z from "zod/mini"
import { once } from "../../once.ts"
import { timestamp } from "../fields.ts"
import { type Problem, problem } from "./problem.ts"

/** What a live test tried and found. */
export interface TestReport {
  connected: boolean
  checkedAt: string
  latencyMs?: number
  /** In the order they were tried; the last is the failing one, if any fails. */
  steps: { name: string; ok: boolean; latencyMs?: number; error?: Problem }[]
  warnings: { code: string; message: string; at?: string }[]
}

export const testReport = once(
  (): z.ZodMiniType<TestReport> =>
    z
      .strictObject({
        connected: z.boolean(),
        checkedAt: timestamp(),
        latencyMs: z.exactOptional(z.number()),
        steps: z.array(
          z.strictObject({
            name: z.string(),
            ok: z.boolean(),
            latencyMs: z.exactOptional(z.number()),
            error: z.exactOptional(problem()),
          }),
        ),
        warnings: z.array(
          z.strictObject({
            code: z.string(),
            message: z.string(),
            at: z.exactOptional(timestamp()),
          }),
        ),
      })
      .check(z.meta({ id: "TestReport" })),
)
