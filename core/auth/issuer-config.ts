import type { JWK } from "jose"
import { isObject } from "../json.ts"
import { tenantIdPattern } from "./principal.ts"

/** Signatures that a public key verifies. A shared secret would let whoever can verify tokens also make them. */
export const signatureAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const

export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

/** Names of the claims that say who is calling. They must not be writable by the user. */
export interface ClaimNames {
  platformId: string
  type: string
  role: string
  projectIds: string
}

/** An identity provider whose tokens the deployment accepts. */
export interface IssuerConfig {
  /** The `iss` claim, compared as written. */
  issuer: string
  /** The `aud` claim must be, or contain, one of these. */
  audience: string | readonly string[]
  /** Where the issuer publishes its keys: https, or in the sandbox http on the loopback interface. Either this or `publicKeys`. */
  jwksUrl?: string
  /** The issuer's public keys, as JWK or as SPKI in PEM. Either this or `jwksUrl`. */
  publicKeys?: readonly (JWK | string)[]
  /** The platforms that this issuer may assert; any only where `*` is written. */
  platforms: readonly string[]
  /** Each taken as written: `https://acme.example/role` is one name, not a path. @default the field's own name */
  claims?: Partial<ClaimNames>
  /** @default signatureAlgorithms */
  algorithms?: readonly SignatureAlgorithm[]
  /** Accepts tokens whose header has no `typ`, as some providers write them. @default false */
  untyped?: boolean
}

const known: ReadonlySet<string> = new Set([
  "issuer",
  "audience",
  "jwksUrl",
  "publicKeys",
  "platforms",
  "claims",
  "algorithms",
  "untyped",
] satisfies (keyof IssuerConfig)[])

const claimNames: ReadonlySet<string> = new Set([
  "platformId",
  "type",
  "role",
  "projectIds",
] satisfies (keyof ClaimNames)[])

/**
 * Checks what a deployment says about an issuer, field by field: it decides who may say who is who. By hand, since the
 * authorizer needs no schemas otherwise, and loading them would double its start.
 * @throws Error that names the issuer and the field
 */
export function assertIssuerConfig(config: unknown): asserts config is IssuerConfig {
  if (!isObject(config)) throw new Error("An issuer must be an object.")
  const { issuer, audience, jwksUrl, publicKeys, platforms, claims, algorithms, untyped } = config
  if (!isText(issuer)) throw new Error("An issuer needs a name: `issuer`, the tokens' `iss`.")
  const require = (holds: boolean, field: keyof IssuerConfig, expected: string) => {
    if (!holds) throw new Error(`Issuer ${issuer}: \`${field}\` must be ${expected}.`)
  }
  const unknown = Object.keys(config).find((name) => !known.has(name))
  if (unknown !== undefined) throw new Error(`Issuer ${issuer}: \`${unknown}\` is not a known field.`)
  require(isText(audience) || isListOf(audience, isText), "audience", "a text, or a list of texts")
  require(Array.isArray(platforms) &&
    platforms.every(isPlatform), "platforms", "a list of platform ids, or of `*`")
  require(jwksUrl === undefined || isText(jwksUrl), "jwksUrl", "a URL")
  require(publicKeys === undefined ||
    isListOf(publicKeys, isKey), "publicKeys", "a list of JWKs or PEM texts")
  require(claims === undefined ||
    isClaimNames(claims), "claims", "the names of claims by platformId, type, role, projectIds")
  require(algorithms === undefined ||
    isListOf(algorithms, isAlgorithm), "algorithms", `a list of some of ${signatureAlgorithms.join(", ")}`)
  require(untyped === undefined || typeof untyped === "boolean", "untyped", "true or false")
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const isListOf = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(fits)

const isPlatform = (value: unknown) => value === "*" || (isText(value) && tenantIdPattern.test(value))

const isKey = (value: unknown) => isText(value) || isObject(value)

const isAlgorithm = (value: unknown) => signatureAlgorithms.some((algorithm) => algorithm === value)

const isClaimNames = (value: unknown) =>
  isObject(value) && Object.entries(value).every(([name, claim]) => claimNames.has(name) && isText(claim))
