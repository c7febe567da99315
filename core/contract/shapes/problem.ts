import * as z from "zod"
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
  (): z.ZodType<Problem> =>
    z
      .strictObject({
        type: z.url(),
        title: z.string(),
        status: z.int(),
        detail: z.string().exactOptional(),
        code: z.enum(Object.keys(statusOf) as Code[]),
        requestId: z.string(),
        params: z.strictObject({ message: z.string() }),
        hint: z.string(),
        reason: z.enum(reasons).exactOptional(),
        providerId: z.string().exactOptional(),
        connectionId: z.string().exactOptional(),
        pointer: z.string().exactOptional(),
        upstream: z
          .strictObject({
            operation: z.string(),
            status: z.int().exactOptional(),
            code: z.string().exactOptional(),
          })
          .exactOptional(),
        issues: z.array(z.strictObject({ pointer: z.string(), message: z.string() })).exactOptional(),
        retryAfterSeconds: z.number().exactOptional(),
      })
      .meta({ id: "Problem", description: "RFC 9457, served as application/problem+json." }),
)
