import { LatchkeyError } from "../errors.ts"
import { type Kind, kindsOf, type Principal, subjectPattern, tenantIdPattern } from "./principal.ts"

/** How far the issuer's clock and ours may differ. */
export const clockToleranceSeconds = 5

/** @throws LatchkeyError `AUTHORIZATION` where the operation is opened to none of the caller's kinds */
export function assertKind(principal: Principal, who: readonly Kind[]): void {
  const kinds = kindsOf(principal)
  if (who.some((kind) => kinds.includes(kind))) return
  throw new LatchkeyError(
    "AUTHORIZATION",
    `Use the token of ${who.map((kind) => asCaller[kind]).join(" or ")}.`,
  )
}

const asCaller = {
  admin: "an admin (role ADMIN)",
  member: "a member of the platform",
  service: "a service (type SERVICE)",
} satisfies Record<Kind, string>

/** @throws LatchkeyError `AUTHENTICATION` once the token has expired: API Gateway remembers a verified one for a minute */
export function assertUnexpired(principal: Principal, now: number): void {
  if (now < (principal.expiresAt + clockToleranceSeconds) * 1000) return
  throw new LatchkeyError("AUTHENTICATION", "The token has expired; ask the issuer for a new one.")
}

/** An ADMIN, or a SERVICE whose token has no `projectIds`: reaches every project of its platform. */
export function reachesAnyProject(principal: Principal): boolean {
  return principal.role === "ADMIN" || (principal.type === "SERVICE" && principal.projectIds === undefined)
}

/**
 * A named project must be one of the caller's; a member must name one.
 * @throws LatchkeyError `AUTHORIZATION`
 */
export function assertProject(principal: Principal, projectId: string | undefined): void {
  if (reachesAnyProject(principal)) return
  if (projectId === undefined) {
    if (principal.type === "SERVICE") return
    throw new LatchkeyError("AUTHORIZATION", "Name one of your projects in `projectId`.")
  }
  if (principal.projectIds?.includes(projectId)) return
  throw new LatchkeyError("AUTHORIZATION", "The project in `projectId` is not one of yours.")
}

/** The projects whose connections someone sees, beside those of the whole platform. */
export type Reach = "any" | readonly string[]

/**
 * How far the caller reaches: to the named project, else to any or its own.
 * @throws LatchkeyError `AUTHORIZATION` as `assertProject`
 */
export function reachOf(principal: Principal, projectId: string | undefined): Reach {
  assertProject(principal, projectId)
  if (projectId !== undefined) return [projectId]
  return reachesAnyProject(principal) ? "any" : (principal.projectIds ?? [])
}

/** What decides who reaches a connection. */
export interface Scoped {
  scope: "PLATFORM" | "PROJECT"
  projectIds?: readonly string[]
}

/** The one rule of visibility: a connection of the platform is open to all, one of projects to those who reach one of them. */
export function isOpenTo({ scope, projectIds }: Scoped, reach: Reach): boolean {
  if (scope === "PLATFORM" || reach === "any") return true
  return projectIds?.some((projectId) => reach.includes(projectId)) ?? false
}

/**
 * Who may clear a connection's cache, or with none named the platform's: whoever reaches any project; a service with
 * `projectIds` only a project-scoped connection of theirs. False where the caller must not learn that there is
 * such a connection: it is to be answered as one that is missing.
 * @throws LatchkeyError `AUTHORIZATION`
 */
export function mayClear(principal: Principal, connection: Scoped | undefined): boolean {
  if (reachesAnyProject(principal)) return true
  if (connection?.scope !== "PROJECT")
    throw new LatchkeyError(
      "AUTHORIZATION",
      "A service with `projectIds` clears only connections of its projects; name one in `connectionId`.",
    )
  return isOpenTo(connection, principal.projectIds ?? [])
}

/** The authorizer's context as API Gateway passes it to a function: strings only. */
export type PrincipalContext = Record<"platformId" | "subject" | "type" | "role" | "expiresAt", string> & {
  projectIds?: string
}

export function contextFromPrincipal(principal: Principal): PrincipalContext {
  const { platformId, subject, type, role, projectIds, expiresAt } = principal
  const context: PrincipalContext = { platformId, subject, type, role, expiresAt: String(expiresAt) }
  if (projectIds !== undefined) context.projectIds = JSON.stringify(projectIds)
  return context
}

/**
 * Reads back what `contextFromPrincipal` wrote, among what API Gateway adds (`principalId`, `integrationLatency`).
 * @throws LatchkeyError `AUTHENTICATION` for anything else
 */
export function principalFromContext(record: unknown): Principal {
  const field = (name: keyof PrincipalContext): string | undefined => {
    if (typeof record !== "object" || record === null || !Object.hasOwn(record, name)) return undefined
    const value: unknown = (record as Record<string, unknown>)[name]
    return typeof value === "string" ? value : invalid()
  }
  const platformId = field("platformId")
  const subject = field("subject")
  const type = field("type")
  const role = field("role")
  const expiresAt = Number(/^\d{1,15}$/.exec(field("expiresAt") ?? "")?.[0])
  const projectIds = field("projectIds")
  if (platformId === undefined || !tenantIdPattern.test(platformId)) return invalid()
  if (subject === undefined || !subjectPattern.test(subject)) return invalid()
  if (type !== "USER" && type !== "SERVICE") return invalid()
  if (role !== "ADMIN" && role !== "MEMBER") return invalid()
  if (Number.isNaN(expiresAt)) return invalid()
  const principal: Principal = { platformId, subject, type, role, expiresAt }
  return projectIds === undefined ? principal : { ...principal, projectIds: projectList(projectIds) }
}

function projectList(text: string): string[] {
  let ids: unknown
  try {
    ids = JSON.parse(text)
  } catch {
    return invalid()
  }
  const fits = (id: unknown): id is string => typeof id === "string" && tenantIdPattern.test(id)
  return Array.isArray(ids) && ids.every(fits) ? ids : invalid()
}

function invalid(): never {
  throw new LatchkeyError("AUTHENTICATION", "Send a token in the header `Authorization: Bearer <token>`.")
}
