import type { ProviderError } from "../../errors.ts"
import { isObject, type Json, nestsDeeper, own } from "../../json.ts"
import { limits } from "../../limits.ts"
import type { HttpResponse } from "../../network/http.ts"
import { failure, jsonOf } from "../answer.ts"

/** An answer of Connect's that is no success, as an error: its status and our words, never the `message` in it. */
export function refusal(response: HttpResponse, operation: string): ProviderError {
  switch (response.status) {
    case 401:
      return failure(
        "BAD_CREDENTIALS",
        "1Password Connect does not accept the token. Check that it is this server's, has not expired and was not revoked.",
        response,
        operation,
      )
    case 403:
      return failure(
        "PERMISSION_DENIED",
        operation === "list vaults"
          ? "1Password Connect does not let the token list vaults. Check that it is this server's and has access to a vault, and what stands between."
          : "The Connect token may not read this vault. Check the id, and give the token access to the vault.",
        response,
        operation,
      )
    case 404:
      if (!isConnects(response)) break
      return failure(
        "NOT_FOUND",
        "1Password has no such vault, item or file. Check each part of the reference.",
        response,
        operation,
      )
    case 429:
      return failure(
        "THROTTLED",
        `1Password refuses more requests for now${whatIsLeft(response)}. Let values stay in the cache longer.`,
        response,
        operation,
      )
  }
  if (!isConnects(response)) return notConnect(response, operation)
  const message = `1Password Connect failed to ${operation}. Look for the time of this request in its log.`
  return failure("PROVIDER_ERROR", message, response, operation)
}

/** @throws ProviderError for what is not JSON, or not of the kind that was asked for */
export function contentOf(response: HttpResponse, operation: string, kind: "list" | "object"): Json {
  const body = jsonOf(response.body)
  // Nothing of 1Password's nests; of what does, its SDK makes dates and texts, which ends at the stack.
  if (body === undefined || nestsDeeper(body, limits.depth)) throw notConnect(response, operation)
  if (kind === "list" ? Array.isArray(body) : isObject(body)) return body as Json
  throw notConnect(response, operation)
}

/** That an answer is not one of Connect's. */
export function notConnect(answer: Pick<HttpResponse, "status">, operation: string): ProviderError {
  const message = "What answered is not 1Password Connect. Check `url`, and what stands between."
  return failure("PROVIDER_ERROR", message, answer, operation)
}

/** Errors are `{ status, message }`, as opposed to those of a proxy or a web server. */
function isConnects({ body }: HttpResponse): boolean {
  const answer = jsonOf(body)
  return isObject(answer) && typeof own(answer, "message") === "string"
}

/** Quotas are told, where they are, in the headers that the IETF's draft on rate limits names, older servers with `x-`. */
function whatIsLeft({ headers, retryAfterMs }: HttpResponse): string {
  const told = (name: string) => {
    const value = headers[`ratelimit-${name}`] ?? headers[`x-ratelimit-${name}`]
    return value !== undefined && /^\d{1,10}$/.test(value) ? value : undefined
  }
  const remaining = told("remaining")
  const limit = told("limit")
  const wait = retryAfterMs === undefined ? told("reset") : String(Math.ceil(retryAfterMs / 1000))
  const parts = [
    ...(remaining === undefined
      ? []
      : [`${remaining}${limit === undefined ? "" : ` of ${limit}`} requests left`]),
    ...(wait === undefined ? [] : [`more in ${wait} seconds`]),
  ]
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`
}
