import type { DirectCaller } from "../core/auth/direct-caller.ts"
import type { TokenVerifier } from "../core/auth/token.ts"

/** What operations are run with: built once per instance, on the first request. */
export interface App {
  /** Who may invoke `resolve-direct`, and for which platforms. */
  directCallers: readonly DirectCaller[]
}

/** The object graph of this instance. A failed attempt is not remembered, so that the next request tries again. */
export function getApp(): Promise<App> {
  return Promise.reject(new Error("The composition root is not written yet."))
}

/** What the authorizer needs, and nothing that it does not. */
export function getTokenVerifier(): Promise<TokenVerifier> {
  return Promise.reject(new Error("The composition root is not written yet."))
}

/** The one origin whose pages may call the API: the console's. */
export function consoleOrigin(): string | undefined {
  return undefined
}
