import { otherAccount } from "./secret-managers/aws/state.ts"
import type { TableNames } from "./tables.ts"

/** Real servers in the place of embedded ones. */
export interface External {
  region: string
  dynamodb?: { url: string }
  kms?: { url: string; keyId: string }
  /** Upstash, or what speaks like it. */
  redis?: { url: string; token: string }
  /** Behind the sandbox's Upstash front. */
  redisUrl?: string
  /** Accepted besides the sandbox's own issuer. */
  issuers?: readonly unknown[]
}

/** Where the running parts are. */
export interface Endpoints {
  region: string
  tables: TableNames
  dynamodb: { url: string }
  kms: { url: string; keyId: string }
  redis: { url: string; token: string }
  issuers: readonly unknown[]
  consoleOrigin: string | undefined
  /** The embedded AWS, for connections by a role; without it there are none. */
  aws?: { url: string }
}

/** Who the functions are to the embedded AWS. */
export const latchkeyInAws = {
  deploymentId: "sandbox",
  arn: `arn:aws:iam::${otherAccount}:root`,
  accessKeyId: "sandbox",
  secretAccessKey: "sandbox",
}

/** By which functions are invoked directly, for any platform: nobody but this machine's user can. */
export const directAlias = "sandbox"

/** What the functions read in the place of what a deployment gives them. */
export function functionEnvironment(endpoints: Endpoints): Record<string, string> {
  const { region, tables, dynamodb, kms, redis, issuers, consoleOrigin, aws } = endpoints
  const isLocal = ![dynamodb, kms].some(isRemote)
  const { deploymentId, arn, accessKeyId, secretAccessKey } = latchkeyInAws
  return {
    LATCHKEY_SANDBOX: "1",
    POWERTOOLS_SERVICE_NAME: "latchkey-sandbox",
    CONNECTIONS_TABLE: tables.connections,
    AUDIT_TABLE: tables.audit,
    USAGE_TABLE: tables.usage,
    KMS_KEY_ID: kms.keyId,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    LATCHKEY_ISSUERS: JSON.stringify(issuers),
    LATCHKEY_DIRECT_CALLERS: JSON.stringify([{ name: directAlias, platforms: ["*"] }]),
    LATCHKEY_OUTBOUND: JSON.stringify({ allowHttp: true, allowLoopback: true, exceptions: [] }),
    LATCHKEY_AWS: JSON.stringify({
      allowEndpoint: true,
      ...(aws && isLocal && { endpoint: aws.url, principal: { deploymentId, arn } }),
    }),
    ...(consoleOrigin !== undefined && { LATCHKEY_CONSOLE_ORIGIN: consoleOrigin }),
    AWS_REGION: region,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
    ...(isLocal && { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
  }
}

/** Servers on this machine verify no signatures; what is elsewhere may be AWS, where the user's own credentials count. */
const isRemote = ({ url }: { url: string }) =>
  !["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname)

/**
 * Sets the variables in this process, before any function is imported. Where no real credentials are
 * needed, none of the user's are left for the SDK to find.
 */
export function applyEnvironment(variables: Readonly<Record<string, string>>): void {
  if (variables.AWS_ACCESS_KEY_ID !== undefined) {
    delete process.env.AWS_PROFILE
    delete process.env.AWS_SESSION_TOKEN
  }
  Object.assign(process.env, variables)
}
