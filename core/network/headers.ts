import { Failure } from "./failure.ts"
import type { HttpRequest } from "./http.ts"

/** The client's own: how a message is framed and by what hops it travels is nothing that a caller, or an SDK, may say. */
const own = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "accept-encoding",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
])

/**
 * The headers to send, save `host`.
 *
 * @throws Failure naming the header that HTTP cannot carry, never its value; of an odd name nothing is said, since a value
 *   may have slipped into it
 */
export function outgoingHeaders({
  headers = {},
  body,
  method,
  acceptEncoding,
}: HttpRequest): Record<string, string> {
  const outgoing: Record<string, string> = Object.create(null)
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (!token.test(name))
      throw new Failure("PROVIDER_ERROR", "A header's name holds characters that HTTP does not allow")
    if (!text.test(value))
      throw new Failure(
        "PROVIDER_ERROR",
        `The header \`${name}\` holds characters that HTTP cannot carry: check the credentials for line breaks`,
      )
    if (!own.has(name)) outgoing[name] = value
  }
  outgoing["accept-encoding"] = acceptEncoding ?? "identity"
  outgoing["user-agent"] ??= "latchkey"
  if (body !== undefined) outgoing["content-length"] = String(Buffer.byteLength(body))
  else if (method !== "GET" && method !== "HEAD" && method !== "LIST") outgoing["content-length"] = "0"
  return outgoing
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/
const text = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
