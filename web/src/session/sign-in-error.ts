/** Why signing in failed: what to say about it is among the strings. */
export class SignInError extends Error {
  /**
   * `token`: the token is good, but not for this console. `person`: it is somebody else's than the session's. `elsewhere`:
   * the page that the sign-in began on did not answer.
   */
  readonly reason: "state" | "refused" | "reply" | "identity" | "discovery" | "token" | "person" | "elsewhere"

  constructor(reason: SignInError["reason"]) {
    super(reason)
    this.name = "SignInError"
    this.reason = reason
  }
}
