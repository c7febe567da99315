import * as z from "zod/mini"
import { limits } from "../limits.ts"
import { once } from "../once.ts"
import { projectId } from "./fields.ts"

/** Whether every project of a platform may use a connection, or only the projects that it names. */
export type Scope = "PLATFORM" | "PROJECT"

interface Scoped {
  scope?: Scope
  projectIds?: string[] | null
}

export const scope = once(() => z.enum(["PLATFORM", "PROJECT"]))

/** May be empty, as the forms of Activepieces send it with the scope PLATFORM; the rules below say when it may not. */
export const projectIds = once(() =>
  z.array(projectId()).check(
    z.maxLength(limits.projects),
    z.refine((ids) => new Set(ids).size === ids.length, { error: "project ids must be distinct" }),
    z.meta({ uniqueItems: true }),
  ),
)

/** For creation: a connection for projects names them. */
export function projectScopeNamesProjects(value: Scoped, context: z.core.$RefinementCtx): void {
  if (value.scope === "PROJECT" && !value.projectIds?.length) refuse(context)
}

/** For an update: projects are replaced, never emptied, save on the way to the scope PLATFORM. */
export function projectsAreNotEmptied(value: Scoped, context: z.core.$RefinementCtx): void {
  const emptied = value.projectIds === null || value.projectIds?.length === 0
  if (value.scope !== "PLATFORM" && emptied) refuse(context)
}

/** The scope PLATFORM drops whatever projects come with it. */
export function dropNeedlessProjects<Value extends Scoped>(value: Value): Value {
  if (value.scope !== "PLATFORM") return value
  const { projectIds: _dropped, ...rest } = value
  return rest as Value
}

function refuse(context: z.core.$RefinementCtx): void {
  context.addIssue({
    code: "custom",
    path: ["projectIds"],
    message: "name 1 to 100 projects, or set the scope to PLATFORM",
  })
}
