import { isObject, type Json, own } from "../json.ts"
import { jsonOf } from "./answer.ts"
import type { CheckWarning } from "./provider.ts"

/** Two weeks: time to have a credential replaced by whoever may. */
const warnBeforeMs = 14 * 24 * 60 * 60_000

/**
 * The warning that a credential ends within two weeks; none where it does not, or its end is not known.
 * @param end in milliseconds since the epoch
 */
export function endingSoon(what: string, end: number | undefined, now: number): CheckWarning[] {
  if (end === undefined || !(end - now <= warnBeforeMs)) return []
  const message = `${what} ends soon, and Latchkey does not renew it. Put a new one into the connection.`
  return [{ code: "CREDENTIAL_EXPIRES", message, at: new Date(end).toISOString() }]
}

/** When a JSON Web Token ends by its claim `exp`, in milliseconds since the epoch. Read, not verified: trust nothing to it. */
export function endOfJwt(jwt: string): number | undefined {
  const end = own(claimsOf(jwt.split(".")[1] ?? "") ?? {}, "exp")
  return typeof end === "number" && end > 0 ? end * 1000 : undefined
}

/** The claims in the payload of a JSON Web Token, unverified: only for what the issuer meant to tell. */
export function claimsOf(payload: string): { [key: string]: Json } | undefined {
  // Takes both alphabets of base64, padded or not.
  const claims = jsonOf(Buffer.from(payload, "base64"))
  return isObject(claims) ? claims : undefined
}
