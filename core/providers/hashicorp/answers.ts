import type { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import { failure } from "../answer.ts"
import type { VaultAnswer } from "./transport.ts"

/**
 * An answer that no operation expects, as an error. Statuses as in Vault's API documentation; that of 429, 472 and 473
 * is `sys/health`, whose standby states a load balancer may pass on.
 */
export function unexpected(answer: VaultAnswer, operation: string): ProviderError {
  const { status } = answer
  switch (status) {
    case 412:
      return failure(
        "PROVIDER_ERROR",
        "Vault's node has not caught up with the cluster yet. Try again.",
        answer,
        operation,
      )
    case 429:
      return failure(
        "THROTTLED",
        "Vault refuses more requests for now: a rate limit quota holds. Raise it, or let values stay in the cache longer.",
        answer,
        operation,
      )
    case 472:
    case 473:
      return failure(
        "PROVIDER_ERROR",
        "The node is a standby. Set `url` to the active node.",
        answer,
        operation,
      )
    case 501:
      return failure("SEALED", "Vault is not initialised. Initialise and unseal it.", answer, operation)
    case 503:
      return failure("SEALED", "Vault is sealed or in maintenance. Unseal it.", answer, operation)
    default:
      return failure(
        "PROVIDER_ERROR",
        isVaults(answer)
          ? `Vault failed to ${operation}. Look for the time of this request in its log.`
          : "What answered is not Vault. Check `url`, and what stands between.",
        answer,
        operation,
      )
  }
}

/** The `data` of an answer, or another of its objects. Undefined where there is none. */
export function objectIn(answer: Json | undefined, name: string): { [key: string]: Json } | undefined {
  const value = isObject(answer) ? own(answer, name) : undefined
  return isObject(value) ? value : undefined
}

/** A list that Vault puts beside the data: `errors` or `warnings`. Undefined where there is none. */
export function listIn(answer: VaultAnswer, name: "errors" | "warnings"): Json[] | undefined {
  const value = isObject(answer.body) ? own(answer.body, name) : undefined
  return Array.isArray(value) ? value : undefined
}

/** Whether an answer has the shape of Vault's, as opposed to a proxy's or a web server's. */
export function isVaults(answer: VaultAnswer): boolean {
  return (
    listIn(answer, "errors") !== undefined || (isObject(answer.body) && Object.hasOwn(answer.body, "data"))
  )
}
