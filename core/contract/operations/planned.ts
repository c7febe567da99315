import * as z from "zod"
import { connectionId, platformId } from "../fields.ts"
import { limits } from "../limits.ts"
import { once } from "../once.ts"
import { defineOperation } from "../operation.ts"
import { planned } from "../routes.ts"
import { oneConnection } from "./connections.ts"

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
