import * as z from "zod/mini"
import type { AuditList } from "../../audit/list.ts"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { connectionId, cursor, limit, timestamp } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { auditAction, auditEvent } from "../shapes/audit-event.ts"

export const audit = defineOperation({
  id: "audit",
  ...served.audit,
  summary: "List what was done, by whom and when",
  description:
    "The newest first. Without `from` the last 24 hours before `to`, or before now. With `connectionId` or `actor` events are found at any distance; otherwise one page reads at most 48 hours. A page may be short, or empty, and still have a `next`; the other parameters stay the same with `cursor`. An event without `code` was requested; one that failed has a second event, of the same request, with `code`.",
  query: once(() =>
    z.strictObject({
      connectionId: z.exactOptional(connectionId()),
      actor: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(256))),
      action: z.exactOptional(auditAction()),
      from: z.exactOptional(timestamp()).check(z.describe("Inclusive.")),
      to: z.exactOptional(timestamp()).check(z.describe("Exclusive.")),
      limit: z.exactOptional(limit()),
      cursor: z.exactOptional(cursor()),
    }),
  ),
  bodyLimit: limits.body,
  status: 200,
  reply: once(
    (): z.ZodMiniType<AuditList> =>
      z
        .strictObject({ data: z.array(auditEvent()), next: z.nullable(z.string()) })
        .check(z.meta({ id: "AuditList" })),
  ),
  errors: [],
})
