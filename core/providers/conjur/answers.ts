import type { ProviderError, Reason } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"
import { jsonOf, failure as plainFailure } from "../answer.ts"

/** An answer that no operation expects, as an error. */
export function unexpected(answer: HttpResponse, operation: string): ProviderError {
  const { status } = answer
  if (status === 401) {
    return failure(
      "BAD_CREDENTIALS",
      "Conjur does not accept the token that it gave. Check that all its nodes behind `url` have the same keys and time.",
      answer,
      operation,
    )
  }
  if (status === 429) {
    return failure("THROTTLED", "Conjur refuses more requests for now. Try again later.", answer, operation)
  }
  if (status < 500 && !errorOf(answer)) return notConjur(answer, operation)
  const message = `Conjur failed to ${operation}. Look for the time of this request in its log.`
  return failure("PROVIDER_ERROR", message, answer, operation)
}

/** That an answer is not one of Conjur's. */
export function notConjur(answer: HttpResponse, operation: string): ProviderError {
  const message =
    "What answered is not Conjur's API. Check `url` (Conjur Cloud's ends in `/api`), and what stands between."
  return failure("PROVIDER_ERROR", message, answer, operation)
}

/** A `ProviderError` about an answer, with Conjur's code. */
export function failure(
  reason: Reason,
  message: string,
  answer: HttpResponse,
  operation: string,
): ProviderError {
  return plainFailure(reason, message, answer, operation, errorOf(answer)?.code)
}

/** What Conjur puts into the body of a refusal, as opposed to a proxy or a web server; some of its refusals have none. */
export function errorOf(answer: HttpResponse): { [key: string]: Json } | undefined {
  const body = jsonOf(answer.body)
  const error = isObject(body) ? own(body, "error") : undefined
  return isObject(error) ? error : undefined
}
