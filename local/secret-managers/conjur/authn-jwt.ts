import * as jose from "jose"
import { isAllowed, roleOfLogin } from "./access.ts"
import { type Answer, type Call, ConjurError, forbidden, head, refuse, unauthorized } from "./protocol.ts"
import type { JwtAuthenticator } from "./state.ts"
import { tokenAnswer } from "./tokens.ts"

/**
 * `POST /authn-jwt/{service}/{account}[/{login}]/authenticate`, for tokens signed with configured public keys. The host is
 * named by a claim (`token-app-property`) or by the URL, never by both, and needs the privilege `authenticate` on the
 * authenticator's webservice.
 */
export async function authenticateByJwt(call: Call): Promise<Answer> {
  const { state, segments, body } = call
  const [, serviceId = "", account = "", ...rest] = segments
  const named = rest.length === 2 ? rest[0] : undefined
  const authenticator = state.authenticators.get(serviceId)
  if (authenticator === undefined || account !== state.account) throw unauthorized()
  const token = new URLSearchParams(body.toString()).get("jwt")
  if (token === null || token === "") throw new ConjurError(head(400))

  const claims = await verify(token, authenticator, call.clock.now())
  const login = loginOf(claims, authenticator, named)
  const role = roleOfLogin(account, login)
  if (!state.roles.has(role)) throw unauthorized()
  const webservice = state.resources.get(`${account}:webservice:conjur/authn-jwt/${serviceId}`)
  if (webservice === undefined || !isAllowed(state, role, webservice, "authenticate")) throw forbidden()
  return tokenAnswer(call, login)
}

function loginOf(
  claims: jose.JWTPayload,
  { tokenAppProperty, identityPath }: JwtAuthenticator,
  named: string | undefined,
): string {
  if (tokenAppProperty === undefined) {
    if (named === undefined) throw unauthorized()
    return named
  }
  const identity = claims[tokenAppProperty]
  if (named !== undefined || typeof identity !== "string" || identity === "") throw unauthorized()
  return ["host", ...(identityPath === undefined ? [] : [identityPath]), identity].join("/")
}

/** @throws ConjurError 401; one that says so for a token that has ended */
async function verify(
  token: string,
  { publicKeys, issuer, audience }: JwtAuthenticator,
  now: number,
): Promise<jose.JWTPayload> {
  for (const pem of publicKeys) {
    try {
      const { alg } = jose.decodeProtectedHeader(token)
      const key = await jose.importSPKI(pem, alg ?? "")
      const { payload } = await jose.jwtVerify(token, key, {
        currentDate: new Date(now),
        ...(audience === undefined ? {} : { audience }),
        ...(issuer === undefined ? {} : { issuer }),
      })
      return payload
    } catch (error) {
      if (error instanceof jose.errors.JWTExpired)
        throw refuse(401, "unauthorized", "CONJ00016E Token expired")
    }
  }
  throw unauthorized()
}
