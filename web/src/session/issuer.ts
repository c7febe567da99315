import type { SignInConfig } from "./config.ts"
import { SignInError } from "./sign-in-error.ts"
import { claimsOf } from "./viewer.ts"

export interface IssuerDeps {
  send: typeof fetch
  now: () => number
}

/** What an issuer gives. It stays in this page's memory. */
export interface Tokens {
  access: string
  /** Gets the next access token; absent where the issuer gives none. */
  refresh?: string
  /** Whom the identity token names: a refresh must name the same. */
  subject: string
}

interface Endpoints {
  authorization: string
  token: string
  /** Where a token that is no longer needed is given back (RFC 7009). */
  revocation?: string
}

/** What the console asks an issuer, as OpenID Connect has it: where things are, and for tokens. */
export function createIssuer(config: SignInConfig, { send, now }: IssuerDeps) {
  /** @throws SignInError `discovery`, `reply` */
  async function discover(): Promise<Endpoints> {
    const address = `${config.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`
    const found = await readJson(await ask(address))
    const { issuer, authorization_endpoint: authorization, token_endpoint: token } = found
    const { revocation_endpoint: revocation } = found
    // OpenID Connect Discovery 1.0, section 4.3.
    if (issuer !== config.issuer || !isSafe(authorization) || !isSafe(token))
      throw new SignInError("discovery")
    return { authorization, token, ...(isSafe(revocation) && { revocation }) }
  }

  /**
   * Tokens for a grant, once their identity token is seen to be for this console and for the sign-in it belongs to.
   * @throws SignInError `refused` where the grant is no longer good, `identity`, `discovery`, `reply`
   */
  async function redeem(
    grant: Readonly<Record<string, string>>,
    expected: { nonce: string } | Tokens,
  ): Promise<Tokens> {
    const before = "subject" in expected ? expected : undefined
    const { token } = await discover()
    const response = await ask(token, { ...grant, client_id: config.clientId })
    // RFC 6749, section 5.2, but for those who answer 401 or 403 as well: the refresh token is no longer good.
    if (before && response.status >= 400 && response.status < 404) throw new SignInError("refused")
    const { access_token: access, refresh_token: next, id_token: idToken } = await readJson(response)
    if (typeof access !== "string") throw new SignInError("reply")
    const subject = subjectOf(idToken, expected)
    // An issuer that rotates refresh tokens gives the next one; else the first stays good (RFC 6749, section 6).
    const refresh = typeof next === "string" ? next : before?.refresh
    return { access, subject, ...(refresh !== undefined && { refresh }) }
  }

  /** Gives a refresh token back, if the issuer takes it. Nothing depends on it. */
  async function revoke(refresh: string): Promise<void> {
    try {
      const { revocation } = await discover()
      if (revocation === undefined) return
      await ask(revocation, { token: refresh, token_type_hint: "refresh_token", client_id: config.clientId })
    } catch {
      // It is forgotten here anyway, and ends by itself.
    }
  }

  /**
   * OpenID Connect Core 1.0, section 3.1.3.7, and 12.2 for a refresh, which may come without: it came from the issuer itself
   * over TLS, which stands in for its signature.
   */
  function subjectOf(idToken: unknown, expected: { nonce: string } | Tokens): string {
    if (idToken === undefined && "subject" in expected) return expected.subject
    if (typeof idToken !== "string") throw new SignInError("reply")
    const { iss, aud, azp, exp, nonce, sub } = claimsOf(idToken) ?? {}
    const audiences = Array.isArray(aud) ? aud : [aud]
    const isForUs =
      iss === config.issuer &&
      audiences.includes(config.clientId) &&
      (audiences.length === 1 || azp === config.clientId) &&
      typeof exp === "number" &&
      exp * 1000 > now()
    const isExpected = "nonce" in expected ? nonce === expected.nonce : sub === expected.subject
    if (!isForUs || !isExpected || typeof sub !== "string") throw new SignInError("identity")
    return sub
  }

  async function ask(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const common = { credentials: "omit", redirect: "error", cache: "no-store" } as const
    try {
      if (form === undefined) return await send(url, common)
      return await send(url, {
        ...common,
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(form).toString(),
      })
    } catch {
      throw new SignInError("reply")
    }
  }

  /** As good as the issuer's own address: not sent in the clear where that is not. */
  const isSafe = (url: unknown): url is string =>
    typeof url === "string" &&
    URL.canParse(url) &&
    (url.startsWith("https:") || (config.issuer.startsWith("http:") && url.startsWith("http:")))

  return { discover, redeem, revoke }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = response.ok ? await response.json().catch(() => undefined) : undefined
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>
  throw new SignInError("reply")
}
