import type { IncomingMessage, ServerResponse } from "node:http"
import { join } from "node:path"
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose"
import { readIfThere, writeOnce } from "./data-folder.ts"
import { type LocalServer, listen, send } from "./http-server.ts"

/** Who a token of the sandbox speaks for: the claims that Latchkey reads. */
export interface TokenClaims {
  platformId: string
  role: "ADMIN" | "MEMBER"
  type: "USER" | "SERVICE"
  /** Absent on a service: any project. */
  projectIds?: readonly string[]
  /** The actor in the audit. Default `sandbox-admin`, `sandbox-member` or `sandbox-service`. */
  subject?: string
}

/** Makes tokens with the key of one data folder, whether its sandbox is running or not. */
export interface TokenMaker {
  token(claims: TokenClaims): Promise<string>
  publicKey: JWK
}

/** What `iss` and `aud` say. Not an address: tokens outlive the ports of one start. */
export const issuerName = "latchkey-sandbox"
export const audience = "latchkey"

const algorithm = "ES256"
const lifetime = "30 days"
const fileOf = (folder: string) => join(folder, "issuer.json")

/** Undefined where no sandbox has used the folder. */
export async function openTokenMaker(folder: string): Promise<TokenMaker | undefined> {
  const text = await readIfThere(fileOf(folder))
  if (text === undefined) return undefined
  const { d: _, ...publicKey } = JSON.parse(text) as JWK
  const privateKey = await importJWK(JSON.parse(text), algorithm)
  return {
    publicKey,
    token: ({ platformId, role, type, projectIds, subject }) =>
      new SignJWT({ platformId, role, type, ...(projectIds !== undefined && { projectIds }) })
        .setProtectedHeader({ alg: algorithm, kid: publicKey.kid ?? "", typ: "JWT" })
        .setIssuer(issuerName)
        .setAudience(audience)
        .setSubject(subject ?? `sandbox-${(type === "SERVICE" ? type : role).toLowerCase()}`)
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(privateKey),
  }
}

export interface Issuer extends LocalServer, TokenMaker {
  /** For the authorizer: one entry of `LATCHKEY_ISSUERS`. */
  config: { issuer: string; audience: string; jwksUrl: string; platforms: readonly string[] }
}

/** Publishes the public key, and makes the private one on the first start. Nothing here hands out tokens over HTTP. */
export async function startIssuer({ folder, port = 0 }: { folder: string; port?: number }): Promise<Issuer> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: algorithm, use: "sig" }
  await writeOnce(fileOf(folder), `${JSON.stringify(jwk)}\n`)
  const maker = await openTokenMaker(folder)
  if (maker === undefined) throw new Error(`${fileOf(folder)} has vanished`)

  const path = "/.well-known/jwks.json"
  const jwks = JSON.stringify({ keys: [maker.publicKey] })
  const server = await listen(
    ({ method, url }: IncomingMessage, response: ServerResponse) =>
      method === "GET" && url === path
        ? send(response, 200, "application/jwk-set+json", jwks)
        : send(response, 404, "text/plain", `The keys are at ${path}.\n`),
    { port },
  )
  return {
    ...server,
    ...maker,
    config: { issuer: issuerName, audience, jwksUrl: server.url + path, platforms: ["*"] },
  }
}
