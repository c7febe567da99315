import * as z from "zod/mini"
import {
  type Code,
  type Reason,
  reasons,
  statusOf,
  type Upstream,
  type ValidationIssue,
} from "../../errors.ts"
import { once } from "../../once.ts"

/** What a caller gets instead of an answer: RFC 9457 with our own members. */
export interface Problem {
  /** The documentation page of `code`. */
  type: string
  title: string
  status: number
  /** Absent with `INTERNAL`. */
  detail?: string
  code: Code
  requestId: string
  /** As clients of Activepieces read it. */
  params: { message: string }
  /** What to do about it. */
  hint: string
  reason?: Reason
  providerId?: string
  connectionId?: string
  pointer?: string
  upstream?: Upstream
  issues?: ValidationIssue[]
  retryAfterSeconds?: number
}

export const problem = once(
  (): z.ZodMiniType<Problem> =>
    z
      .strictObject({
        type: z.url(),
        title: z.string(),
        status: z.int(),
        detail: z.exactOptional(z.string()),
        code: z.enum(Object.keys(statusOf) as Code[]),
        requestId: z.string(),
        params: z.strictObject({ message: z.string() }),
        hint: z.string(),
        reason: z.exactOptional(z.enum(reasons)),
        providerId: z.exactOptional(z.string()),
        connectionId: z.exactOptional(z.string()),
        pointer: z.exactOptional(z.string()),
        upstream: z.exactOptional(
          z.strictObject({
            operation: z.string(),
            status: z.exactOptional(z.int()),
            code: z.exactOptional(z.string()),
          }),
        ),
        issues: z.exactOptional(z.array(z.strictObject({ pointer: z.string(), message: z.string() }))),
        retryAfterSeconds: z.exactOptional(z.number()),
      })
      .check(z.meta({ id: "Problem", description: "RFC 9457, served as application/problem+json." })),
)
