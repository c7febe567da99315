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
