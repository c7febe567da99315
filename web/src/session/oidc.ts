import type { SignInConfig } from "./config.ts"
import { claimsOf } from "./viewer.ts"

/** What must survive the way to the issuer and back. No token is ever among it. */
interface Pending {
  state: string
  nonce: string
  verifier: string
}

export interface OidcDeps {
  /** Where the pending sign-in is kept: this tab's session storage. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">
  send: typeof fetch
  now: () => number
}

interface Endpoints {
  authorization: string
  token: string
}

const storageKey = "latchkey.sign-in"

/**
 * Sign-in by OpenID Connect's authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636, S256;
 * RFC 9700, section 2.1). The access token stays in memory.
 */
export function createOidc(config: SignInConfig, deps: OidcDeps) {
  const { storage, send, now } = deps

  /** The address to go to. @throws SignInError */
  async function begin(): Promise<string> {
    const { authorization } = await discover()
    const pending: Pending = { state: randomText(), nonce: randomText(), verifier: randomText() }
    storage.setItem(storageKey, JSON.stringify(pending))
    const url = new URL(authorization)
    const parameters = {
      response_type: "code",
      client_id: config.clientId,
      redirect_uri: config.redirectUri,
      scope: config.scope ?? "openid",
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await challengeOf(pending.verifier),
      code_challenge_method: "S256",
      ...(config.audience !== undefined && { audience: config.audience }),
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }

  /**
   * The access token, for the query with which the issuer sent the browser back; undefined where that is no answer of an
   * issuer. What was pending is used once, whatever comes of it.
   * @throws SignInError
   */
  async function complete(query: URLSearchParams): Promise<string | undefined> {
    const code = query.get("code")
    const refusal = query.get("error")
    if (code === null && refusal === null) return undefined
    const pending = takePending()
    if (pending === undefined || query.get("state") !== pending.state) throw new SignInError("state")
    // RFC 9207: where the issuer names itself, it must be the one that was asked.
    if ((query.get("iss") ?? config.issuer) !== config.issuer) throw new SignInError("state")
    if (code === null) throw new SignInError("refused")
    const { token } = await discover()
    const reply = await readJson(token, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: config.redirectUri,
        client_id: config.clientId,
        code_verifier: pending.verifier,
      }).toString(),
    })
    const { access_token: accessToken, id_token: idToken } = reply
    if (typeof accessToken !== "string" || typeof idToken !== "string") throw new SignInError("reply")
    if (!isForUs(idToken, pending.nonce)) throw new SignInError("identity")
    return accessToken
  }

  /** Section 3.1.3.7: it came from the issuer itself over TLS, which stands in for its signature. */
  function isForUs(idToken: string, nonce: string): boolean {
    const { iss, aud, azp, exp, nonce: named } = claimsOf(idToken) ?? {}
    const audiences = Array.isArray(aud) ? aud : [aud]
    return (
      iss === config.issuer &&
      audiences.includes(config.clientId) &&
      (audiences.length === 1 || azp === config.clientId) &&
      typeof exp === "number" &&
      exp * 1000 > now() &&
      named === nonce
    )
  }

  async function discover(): Promise<Endpoints> {
    const found = await readJson(`${config.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
    const { issuer, authorization_endpoint: authorization, token_endpoint: token } = found
    // OpenID Connect Discovery 1.0, section 4.3.
    if (issuer !== config.issuer || !isSafe(authorization) || !isSafe(token))
      throw new SignInError("discovery")
    return { authorization, token }
  }

  async function readJson(url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    try {
      const response = await send(url, { ...init, credentials: "omit", redirect: "error", cache: "no-store" })
      const value: unknown = response.ok ? await response.json() : undefined
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>
    } catch {
      // said below
    }
    throw new SignInError("reply")
  }

  function takePending(): Pending | undefined {
    const text = storage.getItem(storageKey)
    storage.removeItem(storageKey)
    return text === null ? undefined : (JSON.parse(text) as Pending)
  }

  /** As good as the issuer's own address: not sent in the clear where that is not. */
  const isSafe = (url: unknown): url is string =>
    typeof url === "string" &&
    URL.canParse(url) &&
    (url.startsWith("https:") || (config.issuer.startsWith("http:") && url.startsWith("http:")))

  return { begin, complete }
}

/** Why signing in failed: what to say about it is among the strings. */
export class SignInError extends Error {
  /** `token`: the token is good, but not for this console. */
  readonly reason: "state" | "refused" | "reply" | "identity" | "discovery" | "token"

  constructor(reason: SignInError["reason"]) {
    super(reason)
    this.name = "SignInError"
    this.reason = reason
  }
}

/** 256 random bits, url-safe. */
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))))
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
}
