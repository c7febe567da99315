import { assertUnexpired, principalFromContext } from "../../core/auth/access.ts"
import type { Principal } from "../../core/auth/principal.ts"
import type { Clock } from "../../core/clock.ts"
import { LatchkeyError } from "../../core/errors.ts"
import type { ApiEvent } from "./api-event.ts"

/**
 * Who is calling, from the authorizer's context and nothing else. API Gateway may pass on a context up to a minute old,
 * so the token's expiry is checked again.
 * @throws LatchkeyError `AUTHENTICATION`
 */
export function authenticate(event: ApiEvent, clock: Clock): Principal {
  const principal = principalFromContext(event.requestContext?.authorizer)
  assertUnexpired(principal, clock.now())
  return principal
}

/**
 * Public operations have no authorizer, but like all of the API's functions they take nothing but what API Gateway sends.
 * @throws LatchkeyError `AUTHENTICATION`
 */
export function assertFromApiGateway(event: ApiEvent): void {
  if (typeof event.requestContext?.httpMethod === "string") return
  throw new LatchkeyError("AUTHENTICATION", "This function is called through API Gateway only.")
}
