import { ProviderError, type Reason, upstreamCode } from "../errors.ts"
import type { Json } from "../json.ts"
import type { HttpResponse } from "../network/http.ts"

/**
 * A `ProviderError` about an answer: its status, our words, and the vendor's code where that is fit to be shown; never the
 * texts in it.
 * @param answer what it has of both where the error came as a part of another answer
 */
export function failure(
  reason: Reason,
  message: string,
  answer: Partial<Pick<HttpResponse, "status" | "retryAfterMs">>,
  operation: string,
  vendorCode?: unknown,
): ProviderError {
  const { status, retryAfterMs } = answer
  const code = upstreamCode(vendorCode)
  return new ProviderError(reason, message, {
    upstream: {
      operation,
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** A body as JSON; undefined where it is none. */
export function jsonOf(body: Buffer | string): Json | undefined {
  try {
    return JSON.parse(String(body))
  } catch {
    // The parser's message quotes the body.
    return undefined
  }
}

/**
 * Whether an answer is a page in HTML, as a proxy, a captive portal or a sign-in gives it in the place of another: by its
 * type, or where it has none by how it begins.
 */
export function isPage({ headers, body }: Pick<HttpResponse, "headers" | "body">): boolean {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? ""
  if (type === "") return /^\s*<(?:!doctype|html)\b/i.test(body.toString("latin1", 0, 256))
  return type === "text/html" || type === "application/xhtml+xml"
}
