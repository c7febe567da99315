import type { SignInConfig } from "./config.ts"
import { createIssuer, type IssuerDeps, type Tokens } from "./issuer.ts"
import { SignInError } from "./sign-in-error.ts"

/** What must survive the way to the issuer and back. No token is ever among it. */
interface Pending {
  state: string
  nonce: string
  verifier: string
}

export interface OidcDeps extends IssuerDeps {
  /** Where the pending sign-in is kept: this tab's session storage. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">
}

/** A sign-in that goes on in another tab, while this page stays as it is. */
export interface TabSignIn {
  /** Where the other tab goes. */
  url: string
  /** By this the other tab's answer is known. */
  state: string
  /** @throws SignInError */
  complete(query: URLSearchParams): Promise<Tokens>
}

const storageKey = "latchkey.sign-in"
/** With this the state begins of a sign-in that another tab waits for. */
const tabMark = "tab."

/** Whether an answer of an issuer is for a page that waits in another tab. */
export const isForOtherTab = (query: URLSearchParams): boolean =>
  (query.get("state") ?? "").startsWith(tabMark)

/**
 * Sign-in by OpenID Connect's authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636, S256;
 * RFC 9700, section 2.1). Tokens stay in memory.
 */
export function createOidc(config: SignInConfig, deps: OidcDeps) {
  const { storage } = deps
  const issuer = createIssuer(config, deps)

  /** The address to go to in this tab, which ends this page. @throws SignInError */
  async function begin(): Promise<string> {
    const { url, pending } = await prepare("")
    storage.setItem(storageKey, JSON.stringify(pending))
    return url
  }

  /** The same in another tab. @throws SignInError */
  async function beginInTab(): Promise<TabSignIn> {
    const { url, pending } = await prepare(tabMark)
    return { url, state: pending.state, complete: (query) => redeem(query, pending) }
  }

  /**
   * The tokens, for the query with which the issuer sent the browser back; undefined where that is no answer of an issuer.
   * What was pending is used once, whatever comes of it.
   * @throws SignInError
   */
  async function complete(query: URLSearchParams): Promise<Tokens | undefined> {
    if (!query.has("code") && !query.has("error")) return undefined
    return redeem(query, takePending())
  }

  /** The next tokens, with the refresh token of these. @throws SignInError */
  async function refresh(tokens: Tokens): Promise<Tokens> {
    if (tokens.refresh === undefined) throw new SignInError("refused")
    return issuer.redeem({ grant_type: "refresh_token", refresh_token: tokens.refresh }, tokens)
  }

  async function prepare(mark: string): Promise<{ url: string; pending: Pending }> {
    const { authorization } = await issuer.discover()
    const pending: Pending = { state: mark + randomText(), nonce: randomText(), verifier: randomText() }
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
    return { url: url.href, pending }
  }

  async function redeem(query: URLSearchParams, pending: Pending | undefined): Promise<Tokens> {
    if (pending === undefined || query.get("state") !== pending.state) throw new SignInError("state")
    // RFC 9207: where the issuer names itself, it must be the one that was asked.
    if ((query.get("iss") ?? config.issuer) !== config.issuer) throw new SignInError("state")
    const code = query.get("code")
    if (code === null) throw new SignInError("refused")
    const grant = {
      grant_type: "authorization_code",
      code,
      redirect_uri: config.redirectUri,
      code_verifier: pending.verifier,
    }
    return issuer.redeem(grant, { nonce: pending.nonce })
  }

  function takePending(): Pending | undefined {
    const text = storage.getItem(storageKey)
    storage.removeItem(storageKey)
    return text === null ? undefined : (JSON.parse(text) as Pending)
  }

  return { begin, beginInTab, complete, refresh, revoke: issuer.revoke }
}

export type Oidc = ReturnType<typeof createOidc>

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
