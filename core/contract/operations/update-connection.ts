import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { connectionName } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { dropNeedlessProjects, projectIds, projectsAreNotEmptied, scope } from "../scope.ts"
import { settingsUpdate } from "../settings.ts"
import { connection, providerIds } from "../shapes/connection.ts"
import { oneConnection } from "./connections.ts"

/** Any subset of a connection: what is left out is kept, `null` removes an optional field. */
export type ConnectionUpdate = z.output<ReturnType<typeof body>>

const body = once(() =>
  z
    .strictObject({
      providerId: z
        .exactOptional(z.enum(providerIds))
        .check(z.describe("Fixed for life: refused where it differs. Clients of Activepieces send it.")),
      name: z.exactOptional(connectionName()),
      scope: z.exactOptional(scope()),
      projectIds: z.exactOptional(z.nullable(projectIds())),
      config: z
        .exactOptional(z.record(configField(), configValue()))
        .check(
          z.describe(
            "Fields of the provider. Secret fields left out keep their value, unless a destination changes. Tested live.",
          ),
        ),
      settings: z.exactOptional(settingsUpdate()),
    })
    .check(
      z.superRefine(projectsAreNotEmptied),
      z.overwrite(dropNeedlessProjects),
      z.meta({ id: "ConnectionUpdate" }),
    ),
)

export const updateConnection = defineOperation({
  id: "updateConnection",
  ...served.updateConnection,
  summary: "Update a connection",
  description:
    "A field left out is kept, `null` removes an optional one, `settings` merge, `projectIds` are replaced, and the scope PLATFORM drops them. Tested live only where `config` is given; a failed test changes nothing. Where `If-Match` is given and differs from the version, nothing changes.",
  params: oneConnection,
  body,
  ifMatch: true,
  etag: true,
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => connection()),
  errors: ["ENTITY_NOT_FOUND", "VERSION_CONFLICT", "SECRET_MANAGER_CONNECTION_FAILED"],
})

/** Which fields there are, and their bounds, the provider's schema says once the update is merged into what is stored. */
const configField = () => z.string().check(z.maxLength(64))
const configValue = () => z.nullable(z.string())
