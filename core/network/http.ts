/**
 * The guarded HTTP client: the only way out to an address that an admin typed. Providers, and the vendor SDKs inside
 * them, see nothing but these types.
 */

/** How far a request has come: `reach` once TCP is connected, `TLS` once the server is authenticated (https only). */
export type Phase = "reach" | "TLS"

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "LIST"
  /** Absolute, already encoded. */
  url: string
  /** Framing, `host`, `accept-encoding` and hop-by-hop headers are the client's own: given ones are dropped. */
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** Our name of the operation, for errors: `log in by AppRole`, `read secret`. */
  operation: string
  /** Bound on the answer's body, in bytes. @default 1 MiB */
  maxBytes?: number
  /** Conjur answers `Accept-Encoding: base64`, which is left to the caller to decode; all else is asked for as `identity`. */
  acceptEncoding?: "identity" | "base64"
  /**
   * Whether the request may be sent again after its connection was lost with it. Where it may not (a login that uses up a
   * secret id), it is repeated only if no byte left or the answer asks for it. @default all but POST and PATCH
   */
  repeatable?: boolean
  /**
   * Whether an answer asks for another attempt though its status does not say so, as AWS does when it throttles by 400.
   * It is then repeated as if it had, whatever the request was: the server says that it did not do it.
   */
  asksForRetry?: (response: HttpResponse) => boolean
  /** Told each phase once, before the request is sent: what a check reports as steps. On a kept connection both at once. */
  onPhase?: (phase: Phase) => void
  signal: AbortSignal
}

export interface HttpResponse {
  status: number
  /** Lower-case names; of repeated headers the first. */
  headers: Readonly<Record<string, string>>
  body: Buffer
  /** How long the answer asks to wait before the next request, in milliseconds, where it does. */
  retryAfterMs?: number
}

export interface HttpClient {
  /**
   * Sends the request, retrying transient failures as the client was made to.
   * Any status is an answer and returned, after the last attempt those that ask for another too.
   * @throws ProviderError `UNREACHABLE`, `TLS`, `BLOCKED_ADDRESS`, `TIMEOUT`, `INVALID_PATH` for dot segments, or `PROVIDER_ERROR`
   *   for an answer that is not accepted (redirect to elsewhere, encoding, size); the signal's reason once it aborts
   */
  request(request: HttpRequest): Promise<HttpResponse>
}

/**
 * What a provider is given: it names the CA bundle of its connection, PEM, which is then trusted instead of the public
 * authorities. Everything else is bound already.
 */
export type HttpClientFactory = (options: { caCertificate?: string }) => HttpClient
