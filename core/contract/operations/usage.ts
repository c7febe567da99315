import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { cursor, timestamp } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { oneConnection } from "./connections.ts"

/** A page of what uses a connection. It may be short, or empty, and still have a `next`. */
export interface UsageReport {
  /** Without `projectId`: resolved for no project. */
  data: { projectId?: string; path: string; lastResolvedAt: string }[]
  next: string | null
}

export const usage = defineOperation({
  id: "usage",
  ...served.usage,
  summary: "List which paths which projects have resolved in the last 90 days",
  description:
    "What a deletion would break. `lastResolvedAt` is up to an hour older than the last resolve. Paths that `allowedPaths` no longer let through are left out.",
  params: oneConnection,
  query: once(() => z.strictObject({ cursor: z.exactOptional(cursor()) })),
  bodyLimit: limits.body,
  status: 200,
  reply: once(
    (): z.ZodMiniType<UsageReport> =>
      z
        .strictObject({
          data: z.array(
            z.strictObject({
              projectId: z.exactOptional(z.string()),
              path: z.string(),
              lastResolvedAt: timestamp(),
            }),
          ),
          next: z.nullable(z.string()),
        })
        .check(z.meta({ id: "UsageReport" })),
  ),
  errors: ["ENTITY_NOT_FOUND"],
})
