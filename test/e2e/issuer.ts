import { createHash, randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

/** An OpenID provider that lets everybody in as an admin of acme, and holds clients to what the protocol asks of them. */
export interface Issuer {
  issuer: string
  publicKeys: JWK[]
  /** Whom it lets in, for how long at first, and whether it goes on with that. */
  next: { subject: string; accessSeconds: number; refreshes: boolean }
  /** Refresh tokens that are good. Each is so once. */
  refreshTokens: Set<string>
  close(): Promise<void>
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true })
  const pending = new Map<string, { asked: URLSearchParams; subject: string }>()
  const next = { subject: "ada", accessSeconds: 300, refreshes: true }
  const refreshTokens = new Set<string>()
  const cors = { "access-control-allow-origin": "*", "content-type": "application/json" }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", issuer)
    const reply = (status: number, body: object) => response.writeHead(status, cors).end(JSON.stringify(body))
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return void reply(200, {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          revocation_endpoint: `${issuer}/revoke`,
        })
      case "/authorize":
        return void response.writeHead(302, { location: authorize(url.searchParams) }).end()
      case "/revoke": {
        refreshTokens.delete((await formOf(request)).get("token") ?? "")
        return void reply(200, {})
      }
      default: {
        const form = await formOf(request)
        const tokens = form.get("grant_type") === "refresh_token" ? await refresh(form) : await redeem(form)
        return void (tokens ? reply(200, tokens) : reply(400, { error: "invalid_grant" }))
      }
    }
  }

  function authorize(asked: URLSearchParams): string {
    const code = randomUUID()
    pending.set(code, { asked, subject: next.subject })
    const back = new URL(asked.get("redirect_uri") ?? "")
    back.search = new URLSearchParams({ code, state: asked.get("state") ?? "", iss: issuer }).toString()
    return back.href
  }

  async function redeem(form: URLSearchParams): Promise<object | undefined> {
    const begun = pending.get(form.get("code") ?? "")
    pending.delete(form.get("code") ?? "")
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url")
    const fits =
      begun?.asked.get("code_challenge") === challenge &&
      begun.asked.get("redirect_uri") === form.get("redirect_uri")
    return fits
      ? tokensFor(begun.subject, next.accessSeconds, { nonce: begun.asked.get("nonce") })
      : undefined
  }

  async function refresh(form: URLSearchParams): Promise<object | undefined> {
    const known = refreshTokens.delete(form.get("refresh_token") ?? "")
    return known && next.refreshes ? tokensFor(next.subject, 300, {}) : undefined
  }

  async function tokensFor(
    subject: string,
    seconds: number,
    identity: Record<string, unknown>,
  ): Promise<object> {
    const refreshToken = randomUUID()
    refreshTokens.add(refreshToken)
    const claims = { platformId: "acme", role: "ADMIN", type: "USER" }
    return {
      access_token: await sign(claims, { subject, audience: "latchkey", seconds }),
      id_token: await sign(identity, { subject, audience: "console", seconds: 300 }),
      refresh_token: refreshToken,
    }
  }

  const sign = (
    claims: Record<string, unknown>,
    { subject, audience, seconds }: { subject: string; audience: string; seconds: number },
  ) =>
    new SignJWT({ ...claims, jti: randomUUID() })
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(privateKey)

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    publicKeys: [{ ...(await exportJWK(publicKey)), alg: "ES256" }],
    next,
    refreshTokens,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = ""
  for await (const chunk of request) body += chunk
  return new URLSearchParams(body)
}
