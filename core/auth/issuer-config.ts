import type { JWK } from "jose"

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
