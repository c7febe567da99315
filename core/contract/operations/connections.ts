import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { connectionId, cursor, limit, projectId } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { anyConnection } from "../shapes/connection.ts"
import { testReport } from "../shapes/test-report.ts"

/** The one path parameter that operations on a connection take. */
export const oneConnection = once(() => z.strictObject({ id: connectionId() }))

export const listConnections = defineOperation({
  id: "listConnections",
  ...served.listConnections,
  summary: "List connections",
  description:
    "Admins see all connections of their platform, services those that their projects may use, members those of a project of theirs, which they must name. Without `limit` all come at once, up to 4 MiB. The status shown is the last known one; an admin's list checks what is not known, for at most 3 seconds.",
  query: once(() =>
    z.strictObject({
      projectId: z.exactOptional(projectId()),
      limit: z.exactOptional(limit()),
      cursor: z.exactOptional(cursor()),
    }),
  ),
  bodyLimit: limits.body,
  status: 200,
  reply: once(() =>
    z.strictObject({
      data: z.array(anyConnection()),
      next: z.nullable(z.string()),
      previous: z.nullable(z.string()),
    }),
  ),
  errors: [],
})

export const getConnection = defineOperation({
  id: "getConnection",
  ...served.getConnection,
  summary: "Get a connection",
  params: oneConnection,
  query: once(() => z.strictObject({ projectId: z.exactOptional(projectId()) })),
  etag: true,
  bodyLimit: limits.body,
  status: 200,
  reply: anyConnection,
  errors: ["ENTITY_NOT_FOUND"],
})

export const deleteConnection = defineOperation({
  id: "deleteConnection",
  ...served.deleteConnection,
  summary: "Delete a connection",
  description: "No resolve that starts after the answer returns anything of it, whatever is cached.",
  params: oneConnection,
  bodyLimit: limits.body,
  status: 204,
  errors: ["ENTITY_NOT_FOUND"],
})

export const testConnection = defineOperation({
  id: "testConnection",
  ...served.testConnection,
  summary: "Test a saved connection",
  description:
    "Always live. Success refreshes the status that lists show and clears the connection's cache, on every instance.",
  params: oneConnection,
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => testReport()),
  errors: ["ENTITY_NOT_FOUND"],
})

export const clearCache = defineOperation({
  id: "clearCache",
  ...served.clearCache,
  summary: "Clear the cache of a connection, or of the whole platform",
  description:
    "No resolve that starts after the answer returns anything fetched before the request. Without `connectionId` the whole platform is cleared. A service with `projectIds` must name a project-scoped connection of theirs.",
  query: once(() => z.strictObject({ connectionId: z.exactOptional(connectionId()) })),
  bodyLimit: limits.body,
  status: 204,
  errors: ["ENTITY_NOT_FOUND"],
})
