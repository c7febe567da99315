import type { HttpClient, HttpRequest, HttpResponse, Phase } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"

export interface AskOptions {
  /** Our name of the operation, for errors. */
  operation: string
  /** Absent only at a login. */
  token?: Secret
  signal: AbortSignal
}

/** Conjur's REST API. Paths begin with a slash and are already encoded. Any status is an answer. */
export interface Conjur {
  /** @throws ProviderError what the network throws */
  get(
    path: string,
    options: AskOptions & Pick<HttpRequest, "maxBytes" | "acceptEncoding">,
  ): Promise<HttpResponse>
  /** Trades credentials for a token. @throws ProviderError what the network throws */
  authenticate(
    path: string,
    credentials: { body: string; contentType: string },
    options: AskOptions,
  ): Promise<HttpResponse>
  /** How long the URL of a path would be, in bytes. */
  urlLength(path: string): number
}

/** A client that reaches nothing but `url`, through `http` alone. */
export function conjurOver({
  http,
  url,
  onPhase,
}: {
  http: HttpClient
  /** With its base path, such as Conjur Cloud's `/api`, and without a slash at the end. */
  url: string
  /** Told how far each request has come. */
  onPhase?: (phase: Phase) => void
}): Conjur {
  const watched = onPhase ? { onPhase } : {}
  return {
    get: (path, { token, ...options }) =>
      http.request({
        ...options,
        ...watched,
        method: "GET",
        url: url + path,
        headers: token ? { authorization: `Token token="${token.reveal()}"` } : {},
      }),
    authenticate: (path, { body, contentType }, options) =>
      http.request({
        ...options,
        ...watched,
        method: "POST",
        url: url + path,
        headers: { "content-type": contentType },
        body,
        acceptEncoding: "base64",
        // It uses nothing up: a second token does no harm.
        repeatable: true,
      }),
    urlLength: (path) => url.length + path.length,
  }
}
