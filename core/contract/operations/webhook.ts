import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { connectionId, platformId } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { oneConnection } from "./connections.ts"

export const webhookSecret = defineOperation({
  id: "webhookSecret",
  ...served.webhookSecret,
  summary: "Make a secret for the rotation webhook",
  description:
    "Shown once. The one before works for 24 hours more, and only that: two made in a row end what was before both.",
  params: oneConnection,
  bodyLimit: limits.body,
  status: 200,
  reply: once(() =>
    z
      .strictObject({
        secret: z.string().check(z.describe("The key of the HMAC, as it is: no part of it is encoded.")),
        url: z.url().check(z.describe("Where to send what is signed.")),
      })
      .check(z.meta({ id: "WebhookSecret" })),
  ),
  errors: ["ENTITY_NOT_FOUND"],
})

export const rotated = defineOperation({
  id: "rotated",
  ...served.rotated,
  summary: "Tell that secrets have changed: clears the connection's cache",
  description:
    "Signed with the connection's webhook secret. The whole cache of the connection is cleared once the answer is 202; `paths` are for the audit. The same signature again is 202 and clears nothing more; another one within 10 seconds of the last clear is 429. An unknown connection, a bad signature and a stale time are the same 401.",
  params: once(() => z.strictObject({ platformId: platformId(), id: connectionId() })),
  body: once(() =>
    z
      .strictObject({
        paths: z
          .exactOptional(
            z.array(z.string().check(z.maxLength(limits.pathCharacters))).check(z.maxLength(1000)),
          )
          .check(z.describe("What has changed, for the audit.")),
      })
      .check(z.meta({ id: "RotatedRequest" })),
  ),
  signature: true,
  bodyLimit: limits.rotatedBody,
  status: 202,
  errors: ["AUTHENTICATION"],
})
