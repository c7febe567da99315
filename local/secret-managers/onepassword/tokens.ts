import { randomBytes } from "node:crypto"
import { ConnectError } from "./protocol.ts"
import { newId, type State, type StoredToken } from "./state.ts"

/** Makes a token for some vaults: shaped as the JWTs that 1Password signs, and known by heart rather than by signature. */
export function createToken(
  state: State,
  vaults: StoredToken["vaults"],
  { now, expiresAt }: { now: number; expiresAt?: number },
): string {
  const claims = {
    jti: newId(),
    iat: Math.floor(now / 1000),
    ...(expiresAt === undefined ? {} : { exp: Math.floor(expiresAt / 1000) }),
    sub: newId().toUpperCase(),
    aud: ["com.1password.connect"],
  }
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url")
  const header = { alg: "ES256", kid: newId(), typ: "JWT" }
  const token = [encode(header), encode(claims), randomBytes(64).toString("base64url")].join(".")
  state.tokens.push({ token, vaults, ...(expiresAt === undefined ? {} : { expiresAt }) })
  return token
}

/** @throws ConnectError 401 */
export function authenticate(state: State, authorization: string | undefined, now: number): StoredToken {
  const [, text] = /^Bearer (.+)$/i.exec(authorization ?? "") ?? []
  if (text === undefined) throw new ConnectError(401, "Missing token")
  const token = state.tokens.find((known) => known.token === text)
  if (token === undefined) throw new ConnectError(401, "Invalid token signature")
  if (token.expiresAt !== undefined && token.expiresAt <= now) throw new ConnectError(401, "Token is expired")
  return token
}
