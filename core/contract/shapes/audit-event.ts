import * as z from "zod/mini"
import { type AuditEventView, auditActions } from "../../audit/event.ts"
import { type Code, reasons, statusOf } from "../../errors.ts"
import { once } from "../../once.ts"
import { timestamp } from "../fields.ts"

const code = once(() => z.enum(Object.keys(statusOf) as [Code, ...Code[]]))
const reason = once(() => z.enum(reasons))

export const auditAction = once(() => z.enum(auditActions))

export const auditEvent = once(
  (): z.ZodMiniType<AuditEventView> =>
    z
      .strictObject({
        id: z.string().check(z.describe("The id of its request and a number within that.")),
        occurred: timestamp(),
        requestId: z.string(),
        action: auditAction(),
        actor: z
          .string()
          .check(z.describe("The token's subject, or the alias by which a function was invoked.")),
        claimedActor: z
          .exactOptional(z.string())
          .check(z.describe("Whom a direct caller says it acts for: a claim, not a fact.")),
        connectionId: z.exactOptional(z.string()),
        projectId: z.exactOptional(z.string()),
        paths: z
          .exactOptional(z.array(z.strictObject({ path: z.string(), count: z.int() })))
          .check(z.describe("What was asked for, as it was written, and how often.")),
        outcomes: z
          .exactOptional(
            z.array(
              z.strictObject({
                connectionId: z.exactOptional(z.string()),
                path: z.exactOptional(z.string()),
                source: z.exactOptional(z.enum(["provider", "stale"])),
                version: z.exactOptional(z.string()),
                code: z.exactOptional(code()),
                reason: z.exactOptional(reason()),
              }),
            ),
          )
          .check(
            z.describe(
              "What was known only afterwards: failures, fetches and stale answers. What came from a cache has none.",
            ),
          ),
        fields: z.exactOptional(z.array(z.string())).check(z.describe("The fields that an update changed.")),
        operation: z.exactOptional(z.string()).check(z.describe("The operation that was denied.")),
        host: z
          .exactOptional(z.string())
          .check(z.describe("The host that a test, a creation or an update contacted.")),
        code: z.exactOptional(code()).check(z.describe("Why it failed. Absent: requested.")),
        reason: z.exactOptional(reason()),
      })
      .check(
        z.meta({
          id: "AuditEvent",
          description: "Who did what. Never a value, a credential or a configuration.",
        }),
      ),
)
