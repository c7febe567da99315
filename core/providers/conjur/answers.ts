import { ProviderError, type Reason, upstreamCode } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"

/** An answer that no operation expects, as an error. */
export function unexpected(answer: HttpResponse, operation: string): ProviderError {
  const { status } = answer
  if (status === 401) {
    return failure("BAD_CREDENTIALS", "Conjur does not accept the token that it gave.", answer, operation)
  }
  if (status === 429) {
    return failure("THROTTLED", "Conjur refuses more requests for now. Try again later.", answer, operation)
  }
  const message =
    status >= 500 || errorOf(answer)
      ? `Conjur failed to ${operation}. Look for the time of this request in its log.`
      : "What answered is not Conjur's API. Check `url` (Conjur Cloud's ends in `/api`), and what stands between."
  return failure("PROVIDER_ERROR", message, answer, operation)
}

/** A `ProviderError` about an answer: its status, Conjur's code and our words, never the texts in it. */
export function failure(
  reason: Reason,
  message: string,
  answer: HttpResponse,
  operation: string,
): ProviderError {
  const { status, retryAfterMs } = answer
  const code = upstreamCode(errorOf(answer)?.code)
  return new ProviderError(reason, message, {
    upstream: { operation, status, ...(code === undefined ? {} : { code }) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** The answer's body as JSON; undefined where it is none. */
export function jsonOf({ body }: Pick<HttpResponse, "body">): Json | undefined {
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    return undefined
  }
}

/** What Conjur puts into the body of a refusal, as opposed to a proxy or a web server; some of its refusals have none. */
export function errorOf(answer: HttpResponse): { [key: string]: Json } | undefined {
  const body = jsonOf(answer)
  const error = isObject(body) ? own(body, "error") : undefined
  return isObject(error) ? error : undefined
}
