import type { Secret } from "../../secret.ts"
import type { Service } from "./regions.ts"

/** AWS credentials, as an access key of a user or of a session. */
export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: Secret
  sessionToken?: Secret
}

/** What a deployment says about AWS. Where it says nothing, connections use access keys at AWS's own endpoints. */
export interface AwsDeployment {
  /** Whether connections may name an endpoint of their own. @default false */
  allowEndpoint?: boolean
  /** Where AWS is for connections that name no endpoint. @default the regional endpoints on the internet. */
  endpoint?: (service: Service, region: string) => string
  /** Absent where Latchkey is nobody in AWS: then roles cannot be assumed. */
  principal?: AwsPrincipal
}

/** Who Latchkey itself is in AWS. */
export interface AwsPrincipal {
  /** Of the deployment; part of the external ids, so that two deployments have different ones. */
  deploymentId: string
  /** Whom a tenant's role has to trust. */
  arn: string
  /** Latchkey's own, used for `sts:AssumeRole` alone. Asked for with each login. */
  credentials: () => Promise<AwsCredentials>
}

/**
 * The external id that a tenant's role has to demand, so that Latchkey cannot be made to assume it for another tenant.
 * For AWS an identifier, not a secret: the same for all connections of a platform, and never taken from a request.
 */
export async function externalIdOf(deploymentId: string, platformId: string): Promise<string> {
  const text = new TextEncoder().encode(`${deploymentId}\n${platformId}`)
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text))
  return `latchkey-${base32(digest).slice(0, 26)}`
}

/** The account in an ARN: `arn:aws:iam::123456789012:role/x`. */
export function accountOf(arn: string): string | undefined {
  return arn.split(":")[4]
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/** RFC 4648, section 6, without padding. */
function base32(bytes: Uint8Array): string {
  let text = ""
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text
}
