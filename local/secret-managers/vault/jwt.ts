import * as jose from "jose"
import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { AuthMount, JwtRole } from "./state.ts"
import { loggedIn, tokenFields } from "./tokens.ts"
import { strings, text } from "./values.ts"

type Mount = Extract<AuthMount, { type: "jwt" }>

/** https://developer.hashicorp.com/vault/api-docs/auth/jwt, for tokens signed with configured public keys. */
export function jwt(call: Call, mount: Mount): Answer | Promise<Answer> | undefined {
  const { operation, rest, body } = call
  const [first = "", name = ""] = rest.replace(/\/$/, "").split("/")
  const writes = operation === "create" || operation === "update"
  if (rest === "login") return writes ? login(call, mount) : undefined
  if (rest === "config") return configure(call, mount)
  if (first !== "role") return undefined
  if (name === "") return operation === "list" ? listing(mount.roles.keys(), "") : undefined
  const before = mount.roles.get(name)
  if (operation === "delete") mount.roles.delete(name)
  else if (operation === "read") return describe(before)
  else if (writes)
    mount.roles.set(name, {
      ...tokenFields(body, before),
      boundAudiences: strings(body.bound_audiences),
      boundSubject: text(body.bound_subject),
      userClaim: text(body.user_claim),
    })
  else return undefined
  return noContent
}

function configure({ operation, body }: Call, mount: Mount): Answer | undefined {
  if (operation === "read")
    return reply({ jwt_validation_pubkeys: mount.publicKeys, bound_issuer: mount.boundIssuer })
  if (operation !== "create" && operation !== "update") return undefined
  const keys = strings(body.jwt_validation_pubkeys)
  if (keys.length === 0) throw new VaultError(400, "exactly one of 'jwt_validation_pubkeys' must be set here")
  mount.publicKeys = keys
  mount.boundIssuer = text(body.bound_issuer)
  return noContent
}

function describe(role: JwtRole | undefined): Answer {
  if (role === undefined) throw notFound()
  return reply({
    role_type: "jwt",
    bound_audiences: role.boundAudiences,
    bound_subject: role.boundSubject,
    user_claim: role.userClaim,
    token_policies: role.policies,
    token_ttl: role.ttl,
  })
}

async function login(call: Call, mount: Mount): Promise<Answer> {
  const name = text(call.body.role)
  const token = text(call.body.jwt)
  if (mount.publicKeys.length === 0) throw new VaultError(400, "could not load configuration")
  if (name === "") throw new VaultError(400, "missing role")
  if (token === "") throw new VaultError(400, "missing token")
  const role = mount.roles.get(name)
  if (role === undefined) throw new VaultError(400, `role "${name}" could not be found`)
  const claims = await verify(token, mount, role, call.clock.now())
  const user = claims[role.userClaim]
  if (typeof user !== "string") throw new VaultError(400, `claim "${role.userClaim}" not found in token`)
  return loggedIn(call, { ...role, metadata: { role: name } }, user)
}

async function verify(token: string, mount: Mount, role: JwtRole, now: number): Promise<jose.JWTPayload> {
  let problem = "no known key successfully validated the token signature"
  for (const pem of mount.publicKeys) {
    try {
      const { alg } = jose.decodeProtectedHeader(token)
      const key = await jose.importSPKI(pem, alg ?? "")
      const { payload } = await jose.jwtVerify(token, key, {
        currentDate: new Date(now),
        ...(role.boundAudiences.length > 0 ? { audience: role.boundAudiences } : {}),
        ...(role.boundSubject ? { subject: role.boundSubject } : {}),
        ...(mount.boundIssuer ? { issuer: mount.boundIssuer } : {}),
      })
      return payload
    } catch (error) {
      // A claim that fails says more than a key that did not fit.
      if (error instanceof jose.errors.JWTExpired) problem = "token is expired"
      else if (error instanceof jose.errors.JWTClaimValidationFailed) problem = `invalid ${error.claim} claim`
    }
  }
  throw new VaultError(400, `error validating token: ${problem}`)
}
