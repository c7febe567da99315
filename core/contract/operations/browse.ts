import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { longCursor, projectId } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { oneConnection } from "./connections.ts"

/** Something that browsing found. */
export interface BrowsedName {
  /** A folder's is the next `prefix`, a secret's goes into a reference as it is. */
  path: string
  name: string
  kind: "folder" | "secret"
}

/** Names directly below a prefix. A page may be short, or empty, and still have a `next`. */
export interface Browsed {
  data: BrowsedName[]
  next: string | null
}

export const browse = defineOperation({
  id: "browse",
  ...served.browse,
  summary: "List the names of secrets, never their values",
  description:
    "What lies directly below `prefix`, as far as the secret manager lets the connection list and `allowedPaths` let it through: a minute old at most. Members name a project of theirs. An admin who names none sees connections of all projects, and nothing that a pattern opens to the named project alone.",
  params: oneConnection,
  body: once(() =>
    z
      .strictObject({
        prefix: z
          .exactOptional(z.string().check(z.maxLength(limits.pathCharacters)))
          .check(z.describe("The `path` of a folder that was listed. Absent: from the root.")),
        cursor: z.exactOptional(longCursor()),
        projectId: z.exactOptional(projectId()),
      })
      .check(z.meta({ id: "BrowseRequest" })),
  ),
  bodyLimit: limits.body,
  status: 200,
  reply: once(
    (): z.ZodMiniType<Browsed> =>
      z
        .strictObject({
          data: z.array(
            z.strictObject({
              path: z
                .string()
                .check(
                  z.describe("A folder's is the next `prefix`; a secret's goes into a reference as it is."),
                ),
              name: z.string(),
              kind: z.enum(["folder", "secret"]),
            }),
          ),
          next: z.nullable(z.string()),
        })
        .check(z.meta({ id: "BrowsedNames" })),
  ),
  errors: ["ENTITY_NOT_FOUND", "SECRET_MANAGER_GET_SECRET_FAILED"],
})
