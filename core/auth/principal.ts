/** Who is calling, as the authorizer established it from a verified token, and nothing else. */
export interface Principal {
  platformId: string
  /** The token's `sub`: the actor in the audit. */
  subject: string
  type: "USER" | "SERVICE"
  role: "ADMIN" | "MEMBER"
  /** Absent on a SERVICE or ADMIN: any project. Absent on a member: none. */
  projectIds?: readonly string[]
  /** The token's `exp`, in seconds since the epoch. */
  expiresAt: number
}

/** What operations are opened to. An `ADMIN` is an admin whatever its type; a `SERVICE` is a service whatever its role. */
export type Kind = "admin" | "member" | "service"

export function kindsOf(principal: Principal): Kind[] {
  const kinds: Kind[] = []
  if (principal.role === "ADMIN") kinds.push("admin")
  if (principal.type === "SERVICE") kinds.push("service")
  else if (principal.role === "MEMBER") kinds.push("member")
  return kinds
}

/**
 * Ids of platforms and projects. They become parts of storage keys, cache keys, URLs and paths of secrets, so nothing
 * that separates, climbs or matches there may be in them: no `#`, `/`, `%`, `*`, space, nor a leading dot.
 */
export const tenantIdPattern = /^[A-Za-z0-9_-][A-Za-z0-9_.:@|~+=-]{0,127}$/

/** A token's `sub`: at most 255 characters (OpenID Connect Core, section 2), none of them control or format characters. */
export const subjectPattern = /^\P{C}{1,255}$/u
