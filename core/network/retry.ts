import { Failure } from "./failure.ts"
import type { HttpRequest, HttpResponse } from "./http.ts"

/** Before the first retry, in milliseconds; doubled for each further one. */
const backoffMs = 100

/** Whether the request may be sent again though it may have been received. */
export function isRepeatable({ method, repeatable }: HttpRequest): boolean {
  return repeatable ?? (method !== "POST" && method !== "PATCH")
}

/**
 * How long to wait before the next attempt, in milliseconds; undefined where there is to be none.
 *
 * Answers that ask for another attempt are repeated whatever the request was: the server says that it did not do it. A lost
 * connection says nothing, so only repeatable requests are. A timeout of an answer is not repeated: the server had its time.
 *
 * @param attempt the one that ended, from 1
 */
export function retryDelay(
  outcome: HttpResponse | Failure,
  request: HttpRequest,
  attempt: number,
): number | undefined {
  const again =
    outcome instanceof Failure
      ? outcome.retry === "unsent" || (outcome.retry === "lost" && isRepeatable(request))
      : asksForRetry(outcome.status) || request.asksForRetry?.(outcome) === true
  if (!again) return undefined
  const backoff = backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random())
  return outcome instanceof Failure ? backoff : Math.max(backoff, outcome.retryAfterMs ?? 0)
}

/** 412: a Vault replica that has not caught up. 501: a Vault that is not initialised, which no retry will mend. */
function asksForRetry(status: number): boolean {
  return status === 429 || status === 412 || (status >= 500 && status !== 501)
}

/** `Retry-After` in milliseconds from `now`; RFC 9110, 10.2.3: seconds, or an HTTP date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const date = /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
