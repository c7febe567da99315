import * as z from "zod"
import { connectionId, cursor, limit, platformId, timestamp } from "../fields.ts"
import { limits } from "../limits.ts"
import { once } from "../once.ts"
import { defineOperation } from "../operation.ts"
import { planned } from "../routes.ts"
import { oneConnection } from "./connections.ts"

export const audit = defineOperation({
  id: "audit",
  ...planned.audit,
  summary: "List what was done, by whom and when",
  query: once(() =>
    z.strictObject({
      connectionId: connectionId().exactOptional(),
      actor: z.string().min(1).max(256).exactOptional(),
      action: z
        .string()
        .regex(/^[a-z_.]{1,64}$/)
        .exactOptional(),
      from: timestamp().exactOptional(),
      to: timestamp().exactOptional(),
      limit: limit().exactOptional(),
      cursor: cursor().exactOptional(),
    }),
  ),
  bodyLimit: limits.body,
  status: 200,
  reply: once(() =>
    page(
      z.strictObject({
        id: z.string(),
        occurred: timestamp(),
        requestId: z.string(),
        action: z.string(),
        actor: z.string(),
        claimedActor: z.string().exactOptional(),
        connectionId: z.string().exactOptional(),
        projectId: z.string().exactOptional(),
        details: z.record(z.string(), z.unknown()).exactOptional(),
      }),
    ),
  ),
  errors: [],
})

export const webhookSecret = defineOperation({
  id: "webhookSecret",
  ...planned.webhookSecret,
  summary: "Make a secret for the rotation webhook",
  description: "Shown once; the one before works for 24 hours more.",
  params: oneConnection,
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => z.strictObject({ secret: z.string(), url: z.url() })),
  errors: ["ENTITY_NOT_FOUND"],
})

export const rotated = defineOperation({
  id: "rotated",
  ...planned.rotated,
  summary: "Tell that secrets have changed: clears the connection's cache",
  description: "Signed with the connection's webhook secret in `latchkey-signature`.",
  params: once(() => z.strictObject({ platformId: platformId(), id: connectionId() })),
  body: once(() =>
    z.strictObject({ paths: z.array(z.string().max(limits.pathCharacters)).max(1000).exactOptional() }),
  ),
  bodyLimit: limits.rotatedBody,
  status: 202,
  errors: ["AUTHENTICATION"],
})

function page<Item>(item: z.ZodType<Item>) {
  return z.strictObject({ data: z.array(item), next: z.string().nullable() })
}
