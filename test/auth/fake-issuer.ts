import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose"
import { movedClock as clockFrom } from "../support/moved-clock.ts"

export const issuer = "https://id.acme.example"
export const audience = "latchkey"
/** The frozen moment at which tests begin, in milliseconds. */
export const start = Date.UTC(2030, 0, 1)

export const movedClock = () => clockFrom(start)

export const goodClaims = {
  iss: issuer,
  aud: audience,
  sub: "user-1",
  exp: start / 1000 + 300,
  platformId: "acme",
} satisfies JWTPayload

export interface SigningKey {
  publicJwk: JWK
  spki: string
  /** Claims set to undefined are left out. */
  sign(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>
}

export async function newKey(kid: string | undefined = "key-1", alg = "ES256"): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const publicJwk = { ...(await exportJWK(publicKey)), alg, ...(kid !== undefined && { kid }) }
  return {
    publicJwk,
    spki: await exportSPKI(publicKey),
    sign: (claims = {}, header = {}) =>
      new SignJWT({ ...goodClaims, ...claims })
        .setProtectedHeader({ alg, typ: "JWT", ...(kid !== undefined && { kid }), ...header })
        .sign(privateKey, { crit: { "x-known": true } }),
  }
}

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token of any shape, its signature whatever bytes are given. */
export const forge = (header: object, payload: object, signature: string) =>
  `${segment(header)}.${segment(payload)}.${signature}`
