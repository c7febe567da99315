import { LatchkeyError } from "../errors.ts"
import { type Principal, tenantIdPattern } from "./principal.ts"

/** A Lambda that may invoke `resolve-direct`: the deployment gives each an alias of that name, and permission on it alone. */
export interface DirectCaller {
  /** The alias, and the actor in the audit. */
  name: string
  /** The platforms that it may resolve for; any only where `*` is written. */
  platforms: readonly string[]
}

/**
 * Who is calling, from the alias in the ARN by which the function was invoked: Lambda writes it, the caller cannot.
 * @throws LatchkeyError `AUTHORIZATION` without an alias, through an unknown one, or for a platform that is not the caller's
 */
export function principalOfDirectCall(
  invokedFunctionArn: string,
  platformId: string,
  callers: readonly DirectCaller[],
): Principal {
  // arn:aws:lambda:<region>:<account>:function:<name>:<alias>
  const [, , service, , , kind, , alias, ...rest] = invokedFunctionArn.split(":")
  const qualified = service === "lambda" && kind === "function" && rest.length === 0
  const caller = qualified ? callers.find(({ name }) => name === alias) : undefined
  if (caller === undefined)
    throw new LatchkeyError(
      "AUTHORIZATION",
      "Invoke this function by the alias that the deployment gave you.",
    )
  if (
    !tenantIdPattern.test(platformId) ||
    !(caller.platforms.includes("*") || caller.platforms.includes(platformId))
  )
    throw new LatchkeyError("AUTHORIZATION", "The alias that you invoked may not resolve for this platform.")
  return {
    platformId,
    subject: caller.name,
    type: "SERVICE",
    role: "MEMBER",
    // Lambda has checked the caller's own credentials just now; there is no token to expire.
    expiresAt: Number.MAX_SAFE_INTEGER,
  }
}
