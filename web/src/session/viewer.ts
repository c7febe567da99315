import type { ClaimNames } from "./config.ts"

/** Who is signed in, as their token says: what the console shows. What they may do is decided by the API alone. */
export interface Viewer {
  platformId: string
  subject: string
  isAdmin: boolean
  isService: boolean
  /** Absent: any project, save for a member, who then has none. */
  projectIds?: readonly string[]
  /** In milliseconds since the epoch. */
  expiresAt: number
}

const usualClaims: ClaimNames = {
  platformId: "platformId",
  type: "type",
  role: "role",
  projectIds: "projectIds",
}

/** Reads a JWT's claims without verifying it; undefined for a text that is no such token. */
export function viewerOf(token: string, names: Partial<ClaimNames> = {}): Viewer | undefined {
  const claims = claimsOf(token)
  if (claims === undefined) return undefined
  const { platformId: platform, type, role, projectIds: projects } = { ...usualClaims, ...names }
  const platformId = claims[platform]
  const { sub, exp } = claims
  if (typeof platformId !== "string" || typeof sub !== "string" || typeof exp !== "number") return undefined
  const projectIds = claims[projects]
  return {
    platformId,
    subject: sub,
    isAdmin: claims[role] === "ADMIN",
    isService: claims[type] === "SERVICE",
    ...(isTexts(projectIds) && { projectIds }),
    expiresAt: exp * 1000,
  }
}

/** The payload of a JWT; undefined for a text that is none. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload = "", signature] = token.split(".")
  if (signature === undefined) return undefined
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    )
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string")
