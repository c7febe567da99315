import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose"
import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import { clockToleranceSeconds } from "./access.ts"
import { assertIssuerConfig, type IssuerConfig, signatureAlgorithms } from "./issuer-config.ts"
import { createKeySource, type KeySource } from "./key-source.ts"
import { type Principal, subjectPattern, tenantIdPattern } from "./principal.ts"

/** API Gateway takes 10,240 bytes of headers in all. */
const maxTokenLength = 8 * 1024
const maxProjects = 1_000

/** Header parameters by which a token brings or names its own key, or asks for processing that we do not do. */
const refusedParameters = ["jku", "jwk", "x5u", "x5c", "crit"] as const

export interface TokenVerifier {
  /**
   * Verifies a bearer token, without its scheme, and tells who is calling.
   * @throws LatchkeyError `AUTHENTICATION` with a message that says what is wrong with the token and quotes nothing of it;
   *   `UNAVAILABLE` where the issuer's keys cannot be fetched
   */
  verify(bearer: string): Promise<Principal>
}

export interface TokenVerifierDeps {
  issuers: readonly IssuerConfig[]
  clock: Clock
  /** For the issuers' key sets. @default the global one */
  fetch?: typeof fetch
  /** Allows key sets over http from the loopback interface. @default false */
  sandbox?: boolean
}

interface Issuer {
  config: IssuerConfig
  keys: KeySource
}

/**
 * Accepts JWTs (RFC 7519) with an asymmetric signature by one of the configured issuers, following the advice of RFC 8725:
 * the issuer chooses keys, audience and algorithms, the token none of them.
 * @throws Error at once where the configuration makes no sense
 */
export function createTokenVerifier(deps: TokenVerifierDeps): TokenVerifier {
  const { clock, sandbox = false } = deps
  // The global one is looked up when first used: touching it costs a cold start 40 ms.
  const fetchKeys = deps.fetch ?? ((input, init) => fetch(input, init))
  const issuers = new Map<string, Issuer>()
  for (const config of deps.issuers) {
    if (issuers.has(config.issuer)) throw new Error(`Issuer ${config.issuer} is configured twice.`)
    assertIssuerConfig(config)
    issuers.set(config.issuer, {
      config,
      keys: createKeySource(config, { clock, fetch: fetchKeys, sandbox }),
    })
  }

  return {
    async verify(bearer) {
      const { header, issuer } = identify(bearer, issuers)
      const { config } = issuer
      if (!(config.algorithms ?? signatureAlgorithms).some((algorithm) => algorithm === header.alg))
        throw refused("its signature algorithm is not accepted; sign with RS256, ES256 or EdDSA, say")
      checkType(header.typ, config)
      for (const key of await issuer.keys.keysFor(header)) {
        const claims = await verified(bearer, key, config, clock)
        if (claims !== undefined) return principalOf(claims, config)
      }
      throw refused("its signature does not verify with the issuer's keys")
    },
  }
}

/** The token of an `Authorization: Bearer <token>` header (RFC 6750, section 2.1). @throws LatchkeyError `AUTHENTICATION` */
export function bearerToken(authorization: string | undefined): string {
  const token = /^Bearer +([^\s,]+) *$/i.exec(authorization ?? "")?.[1]
  if (token === undefined)
    throw new LatchkeyError("AUTHENTICATION", "Send a token in the header `Authorization: Bearer <token>`.")
  return token
}

interface Header {
  alg: string
  typ?: string
  kid?: string
}

/** Reads what a token claims of itself, trusting none of it: enough to find the issuer whose keys decide. */
function identify(bearer: string, issuers: ReadonlyMap<string, Issuer>): { header: Header; issuer: Issuer } {
  if (bearer.length > maxTokenLength) throw refused(`it is longer than ${maxTokenLength} characters`)
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(bearer))
    throw refused("it is not a signed JWT")
  let header: ReturnType<typeof decodeProtectedHeader>
  let claims: JWTPayload
  try {
    header = decodeProtectedHeader(bearer)
    claims = decodeJwt(bearer)
  } catch {
    throw refused("it is not a signed JWT")
  }
  for (const name of refusedParameters)
    if (Object.hasOwn(header, name)) throw refused(`its header has \`${name}\`, which is never followed`)
  const { alg, typ, kid } = header
  if (typeof alg !== "string") throw refused("its header has no `alg`")
  if (kid !== undefined && typeof kid !== "string") throw refused("its `kid` is not a string")
  if (typ !== undefined && typeof typ !== "string") throw refused("its `typ` is not a string")
  const issuer = typeof claims.iss === "string" ? issuers.get(claims.iss) : undefined
  if (issuer === undefined) throw refused("its issuer (`iss`) is not one that this deployment accepts")
  return { header: { alg, ...(typ !== undefined && { typ }), ...(kid !== undefined && { kid }) }, issuer }
}

/** `JWT`, or `at+jwt` of RFC 9068, so that no other kind of token by the same issuer passes for an access token. */
function checkType(typ: string | undefined, { untyped = false }: IssuerConfig): void {
  if (typ === undefined && untyped) return
  const type = typ?.toLowerCase().replace(/^application\//, "")
  if (type !== "jwt" && type !== "at+jwt") throw refused("its `typ` is neither `JWT` nor `at+jwt`")
}

/** The claims if this key made the signature, else undefined. @throws LatchkeyError where the claims do not hold */
async function verified(
  bearer: string,
  key: Parameters<typeof jwtVerify>[1],
  config: IssuerConfig,
  clock: Clock,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(bearer, key, {
      issuer: config.issuer,
      audience: typeof config.audience === "string" ? config.audience : [...config.audience],
      algorithms: [...(config.algorithms ?? signatureAlgorithms)],
      requiredClaims: ["exp", "sub"],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused("it has expired; ask the issuer for a new one")
    if (error instanceof errors.JWTClaimValidationFailed) throw refused(claimHint(error.claim))
    return undefined
  }
}

function claimHint(claim: string): string {
  switch (claim) {
    case "aud":
      return "its audience (`aud`) is not this deployment's"
    case "nbf":
      return "it is not valid yet (`nbf`); check the issuer's clock"
    case "exp":
      return "it has no expiry (`exp`)"
    case "sub":
      return "it has no subject (`sub`)"
    default:
      return "its claims do not hold"
  }
}

function principalOf(claims: JWTPayload, config: IssuerConfig): Principal {
  const names = {
    platformId: "platformId",
    type: "type",
    role: "role",
    projectIds: "projectIds",
    ...config.claims,
  }
  const claim = (name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined)

  const platformId = claim(names.platformId)
  if (!isTenantId(platformId)) throw refused(`its claim \`${names.platformId}\` must be the id of a platform`)
  if (!config.platforms.includes("*") && !config.platforms.includes(platformId))
    throw refused(`its issuer may not speak for the platform in \`${names.platformId}\``)
  const subject = claims.sub
  if (typeof subject !== "string" || !subjectPattern.test(subject))
    throw refused("its subject (`sub`) must have 1 to 255 characters, none of them control characters")
  const type = claim(names.type) ?? "USER"
  if (type !== "USER" && type !== "SERVICE")
    throw refused(`its claim \`${names.type}\` must be USER or SERVICE`)
  const role = claim(names.role) ?? "MEMBER"
  if (role !== "ADMIN" && role !== "MEMBER")
    throw refused(`its claim \`${names.role}\` must be ADMIN or MEMBER`)
  const projectIds = claim(names.projectIds)
  if (projectIds !== undefined && !isProjectList(projectIds))
    throw refused(`its claim \`${names.projectIds}\` must be an array of at most ${maxProjects} project ids`)
  const principal = { platformId, subject, type, role, expiresAt: Math.floor(claims.exp ?? 0) } as const
  return projectIds === undefined ? principal : { ...principal, projectIds }
}

const isTenantId = (id: unknown): id is string => typeof id === "string" && tenantIdPattern.test(id)

const isProjectList = (ids: unknown): ids is string[] =>
  Array.isArray(ids) && ids.length <= maxProjects && ids.every(isTenantId)

const refused = (why: string) => new LatchkeyError("AUTHENTICATION", `The token is refused: ${why}.`)
