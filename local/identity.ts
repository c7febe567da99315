import { chmod } from "node:fs/promises"
import { join } from "node:path"
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose"
import type { IssuerConfig } from "../core/auth/issuer-config.ts"
import { newNonce } from "../core/ids.ts"
import { readIfThere, writableFolder, writeOnce } from "./data-folder.ts"
import { SandboxError } from "./sandbox-error.ts"

/** Who the sandbox's tokens are from and for. Never configured in a deployment, so that these tokens are worth nothing there. */
export const sandboxIssuer = "https://sandbox.latchkey.invalid"
export const sandboxAudience = "latchkey-sandbox"

const algorithm = "ES256"
const tokenSeconds = 12 * 3600

export interface TokenClaims {
  platformId: string
  role: "ADMIN" | "MEMBER"
  /** @default "USER" */
  type?: "USER" | "SERVICE"
  projectIds?: readonly string[]
  /** @default `<role>@<platformId>`, in lower case, `service@` for a service */
  subject?: string
  /** Seconds since the epoch. @default in 12 hours */
  expiresAt?: number
}

export interface Identity {
  /** What the sandbox's authorizer is configured with. */
  issuer: IssuerConfig
  /** The public key as a JWKS (RFC 7517), for whoever wants to verify the tokens by URL. */
  jwks: { keys: JWK[] }
  signToken(claims: TokenClaims): Promise<string>
}

/**
 * The sandbox's identity provider: a key in `<dataDir>/identity.json`, made by whoever comes first and readable by this
 * user alone. It needs no server, so that tokens can be had before the sandbox runs.
 */
export async function openIdentity(dataDir: string): Promise<Identity> {
  const privateJwk = await readOrCreateKey(dataDir)
  const { d: _private, ...publicJwk } = privateJwk
  const key = await importJWK(privateJwk, algorithm)
  return {
    issuer: { issuer: sandboxIssuer, audience: sandboxAudience, publicKeys: [publicJwk], platforms: ["*"] },
    jwks: { keys: [publicJwk] },
    signToken({ platformId, role, type = "USER", projectIds, subject, expiresAt }) {
      const now = Math.floor(Date.now() / 1000)
      const kind = type === "SERVICE" ? "service" : role.toLowerCase()
      return new SignJWT({ platformId, role, type, ...(projectIds !== undefined && { projectIds }) })
        .setProtectedHeader({
          alg: algorithm,
          typ: "JWT",
          ...(publicJwk.kid !== undefined && { kid: publicJwk.kid }),
        })
        .setIssuer(sandboxIssuer)
        .setAudience(sandboxAudience)
        .setSubject(subject ?? `${kind}@${platformId}`)
        .setIssuedAt(now)
        .setExpirationTime(expiresAt ?? now + tokenSeconds)
        .sign(key)
    },
  }
}

async function readOrCreateKey(dataDir: string): Promise<JWK> {
  const file = join(await writableFolder(dataDir), "identity.json")
  const text = (await readIfThere(file)) ?? (await createKey(file))
  // Also where somebody else made it, or copied it here.
  await chmod(file, 0o600)
  const jwk = parsedKey(text)
  if (jwk?.kty !== "EC" || jwk.d === undefined)
    throw new SandboxError(
      `${file} is damaged. Remove it to get a new key; tokens made with the old one end.`,
    )
  return jwk
}

function parsedKey(text: string): JWK | null {
  try {
    return JSON.parse(text) as JWK | null
  } catch {
    return null
  }
}

/** Of two that start at once one wins, and both then use its key. */
async function createKey(file: string): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: newNonce(), alg: algorithm, use: "sig" }
  const text = JSON.stringify(jwk)
  return (await writeOnce(file, text)) ? text : ((await readIfThere(file)) ?? text)
}
