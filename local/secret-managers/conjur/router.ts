import { authn } from "./authn.ts"
import type { OperationName } from "./faults.ts"
import { type Answer, type Call, json, noRoute } from "./protocol.ts"
import { resources } from "./resources.ts"
import { roles } from "./roles.ts"
import { secrets } from "./secrets.ts"
import { loginOfToken } from "./tokens.ts"

/** Answers a request as Conjur does: a token is asked for first, on all paths but the logins, also on those not there. */
export async function answer(call: Call): Promise<Answer> {
  const [first = ""] = call.segments
  if (/^authn(?:-|$)/.test(first)) return authn(call)
  const token = loginOfToken(call)
  if (first === "whoami" && call.method === "GET" && call.segments.length === 1) {
    return json({
      client_ip: call.remoteAddress,
      user_agent: call.headers["user-agent"] ?? null,
      account: call.state.account,
      username: token.login,
      token_issued_at: new Date(token.issuedAt).toISOString().replace("Z", "+00:00"),
    })
  }
  switch (first) {
    case "secrets":
      return secrets(call)
    case "resources":
      return resources(call)
    case "roles":
      return roles(call)
    default:
      throw noRoute()
  }
}

/** What a request is counted as, and may fail as. */
export function nameOf({ method, segments }: Pick<Call, "method" | "segments">): OperationName {
  const [first = ""] = segments
  if (segments.at(-1) === "authenticate" && first.startsWith("authn")) return "authenticate"
  if (first.startsWith("authn")) return "login"
  if (first === "whoami") return "whoami"
  if (first === "secrets") return method === "POST" ? "write" : segments.length === 1 ? "batch" : "read"
  if (first === "resources" && segments.length <= 3) return "list"
  return "other"
}
