/**
 * The guarded HTTP client: the only way out to an address that an admin typed. Providers, and the vendor SDKs inside
 * them, see nothing but these types.
 */

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "LIST"
  /** Absolute, already encoded. */
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** Our name of the operation, for errors: `log in by AppRole`, `read secret`. */
  operation: string
  /** Bound on the body after decoding, in bytes. Default 1 MiB. */
  maxBytes?: number
  /** Conjur answers `Accept-Encoding: base64`; everything else is asked for as `identity`. */
  acceptEncoding?: "identity" | "base64"
  signal: AbortSignal
}

export interface HttpResponse {
  status: number
  /** Lower-case names; of repeated headers the first. */
  headers: Readonly<Record<string, string>>
  body: Buffer
}

export interface HttpClient {
  /**
   * Sends the request, retrying transient failures as the client was made to.
   * Any status is an answer and returned, save those still asking for a retry after the last attempt, which are returned too.
   * @throws ProviderError `UNREACHABLE`, `TLS`, `BLOCKED_ADDRESS`, `TIMEOUT`, or `PROVIDER_ERROR` for an answer that is not accepted
   *   (redirect to elsewhere, encoding, size)
   */
  request(request: HttpRequest): Promise<HttpResponse>
}

/** What a provider is given: it names the CA bundle of its connection, everything else is bound already. */
export type HttpClientFactory = (options: { caCertificate?: string }) => HttpClient
