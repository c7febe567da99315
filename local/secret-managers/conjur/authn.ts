import { adminRole, currentRole, loginOfRole, roleOfLogin } from "./access.ts"
import { authenticateByJwt } from "./authn-jwt.ts"
import { type Answer, type Call, forbidden, noRoute, plain, unauthorized } from "./protocol.ts"
import { newApiKey } from "./roles.ts"
import { tokenAnswer } from "./tokens.ts"

/** `authn` and `authn-jwt`: https://docs.conjur.org, Authenticate; Login; Rotate an API key. */
export function authn(call: Call): Answer | Promise<Answer> {
  const { method, segments } = call
  const [authenticator, first = "", second = "", last, ...more] = segments
  if (authenticator === "authn-jwt") {
    if (method === "POST" && segments.at(-1) === "authenticate" && segments.length <= 5)
      return authenticateByJwt(call)
    throw noRoute()
  }
  if (more.length > 0) throw noRoute()
  if (method === "POST" && last === "authenticate") return authenticate(call, first, second)
  if (last !== undefined) throw noRoute()
  if (method === "GET" && second === "login") return login(call, first)
  if (method === "PUT" && second === "api_key") return rotate(call, first)
  throw noRoute()
}

function authenticate(call: Call, account: string, name: string): Answer {
  const { apiKey } = roleIn(call, account, name) ?? {}
  if (apiKey === undefined || call.body.toString() !== apiKey) throw unauthorized()
  return tokenAnswer(call, name)
}

/** Gives the API key to who knows the password, or the API key. */
function login(call: Call, account: string): Answer {
  const role = basicRole(call, account)
  if (role === undefined) throw unauthorized()
  return plain(call.state.roles.get(role)?.apiKey ?? "")
}

function rotate(call: Call, account: string): Answer {
  const acting = basicRole(call, account) ?? currentRole(call)
  const named = call.query.get("role")
  const [kind = "", ...id] = (named ?? "").split(":").slice(-2)
  const role = named === null ? acting : `${account}:${kind}:${id.join(":")}`
  const rotated = call.state.roles.get(role)
  if (rotated?.apiKey === undefined) throw unauthorized()
  if (role !== acting && acting !== adminRole(call.state)) throw forbidden()
  rotated.apiKey = newApiKey()
  if (loginOfRole(role) === call.state.connection.loginId) call.state.connection.apiKey = rotated.apiKey
  return plain(rotated.apiKey)
}

function roleIn({ state }: Call, account: string, name: string) {
  return account === state.account ? state.roles.get(roleOfLogin(account, name)) : undefined
}

/** Whom an `Authorization: Basic` proves; undefined where there is none. @throws ConjurError 401 */
function basicRole(call: Call, account: string): string | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(call.headers.authorization ?? "") ?? []
  if (encoded === undefined) return undefined
  const [name = "", ...rest] = Buffer.from(encoded, "base64").toString().split(":")
  const role = roleIn(call, account, name)
  const given = rest.join(":")
  if (role === undefined || given === "" || (given !== role.password && given !== role.apiKey))
    throw unauthorized()
  return roleOfLogin(account, name)
}
