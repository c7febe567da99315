import * as z from "zod"
import { type AuditEventView, auditActions } from "../../audit/event.ts"
import { type Code, reasons, statusOf } from "../../errors.ts"
import { once } from "../../once.ts"
import { timestamp } from "../fields.ts"

const code = once(() => z.enum(Object.keys(statusOf) as [Code, ...Code[]]))
const reason = once(() => z.enum(reasons))

export const auditAction = once(() => z.enum(auditActions))

export const auditEvent = once(
  (): z.ZodType<AuditEventView> =>
    z
      .strictObject({
        id: z.string().meta({ description: "The id of its request and a number within that." }),
        occurred: timestamp(),
        requestId: z.string(),
        action: auditAction(),
        actor: z.string().meta({
          description: "The token's subject, or the alias by which a function was invoked.",
        }),
        claimedActor: z.string().exactOptional().meta({
          description: "Whom a direct caller says it acts for: a claim, not a fact.",
        }),
        connectionId: z.string().exactOptional(),
        projectId: z.string().exactOptional(),
        paths: z
          .array(z.strictObject({ path: z.string(), count: z.int() }))
          .exactOptional()
          .meta({ description: "What was asked for, as it was written, and how often." }),
        outcomes: z
          .array(
            z.strictObject({
              connectionId: z.string().exactOptional(),
              path: z.string().exactOptional(),
              source: z.enum(["provider", "stale"]).exactOptional(),
              version: z.string().exactOptional(),
              code: code().exactOptional(),
              reason: reason().exactOptional(),
            }),
          )
          .exactOptional()
          .meta({
            description:
              "What was known only afterwards: failures, fetches and stale answers. What came from a cache has none.",
          }),
        fields: z
          .array(z.string())
          .exactOptional()
          .meta({ description: "The fields that an update changed." }),
        operation: z.string().exactOptional().meta({ description: "The operation that was denied." }),
        host: z.string().exactOptional().meta({
          description: "The host that a test, a creation or an update contacted.",
        }),
        code: code().exactOptional().meta({ description: "Why it failed. Absent: requested." }),
        reason: reason().exactOptional(),
      })
      .meta({
        id: "AuditEvent",
        description: "Who did what. Never a value, a credential or a configuration.",
      }),
)
