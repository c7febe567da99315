import { appRole } from "./approle.ts"
import { aws } from "./aws.ts"
import { jwt } from "./jwt.ts"
import type { Answer, Call } from "./protocol.ts"
import type { AuthMount } from "./state.ts"
import { tokenMethod } from "./token-method.ts"
import { userpass } from "./userpass.ts"

/**
 * What the method answers, or undefined where it has no such path or operation. Another auth method is a case here, one
 * in mounting.ts, a member of `AuthMount` in state.ts and a file of its own.
 */
export function serveAuth(call: Call, mount: AuthMount): Answer | Promise<Answer> | undefined {
  switch (mount.type) {
    case "token":
      return tokenMethod(call)
    case "approle":
      return appRole(call, mount)
    case "userpass":
      return userpass(call, mount)
    case "aws":
      return aws(call, mount)
    case "jwt":
      return jwt(call, mount)
    default:
      return mount satisfies never
  }
}

/** Logins are what a client without a token may ask for: `login` and, for users, `login/{name}`. */
export const isLogin = (mount: AuthMount, rest: string): boolean =>
  mount.type !== "token" && /^login(?:\/|$)/.test(rest)
