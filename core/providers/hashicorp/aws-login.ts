import type { AwsCredentials } from "../aws/deployment.ts"
import { type Identity, identityOf } from "../aws/identity.ts"
import { someRegionOf } from "../aws/regions.ts"
import type { ProviderDeps } from "../provider.ts"
import { signPost } from "./aws-signature.ts"
import type { VaultConfigOf } from "./config.ts"

const body = "Action=GetCallerIdentity&Version=2011-06-15"

/** That of what is signed for the global endpoint. */
const anyRegion = "us-east-1"

/** Whoever asks AWS who they are needs no rights, and is answered though they be denied everything. */
const nothing = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
})

/** Who a connection is to AWS, where Vault shall hear it: the owner of an access key, or a role that Latchkey assumes. */
export function awsIdentity(
  config: VaultConfigOf<"aws">,
  { http, ...deps }: Pick<ProviderDeps, "http" | "clock" | "platformId" | "aws">,
): Identity {
  // AWS is asked under the public authorities, not under the one that signed Vault's certificate.
  const ofAws = { ...deps, http: http({}) }
  const { roleArn, accessKeyId, secretAccessKey, sessionToken } = config
  if (roleArn !== undefined) {
    return identityOf(
      { roleArn, region: config.region ?? someRegionOf(roleArn) ?? anyRegion },
      ofAws,
      nothing,
    )
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error("A configuration without AWS credentials, which its schema should have refused.")
  }
  const key = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  return identityOf({ region: config.region ?? anyRegion, ...key }, ofAws, nothing)
}

/**
 * What Vault's AWS auth method takes for a login: a signed `sts:GetCallerIdentity`, which Vault sends to AWS to learn who
 * signed it. https://developer.hashicorp.com/vault/api-docs/auth/aws#login
 *
 * Whoever is sent such a proof could show it to another Vault within minutes. So the platform's name is signed with it,
 * and a Vault that has it as `iam_server_id_header_value` accepts no proof made for another platform's connection.
 */
export async function awsLoginData(
  config: VaultConfigOf<"aws">,
  { credentials, platformId, now }: { credentials: AwsCredentials; platformId: string; now: number },
): Promise<Record<string, string>> {
  const { role, region = anyRegion } = config
  const host = config.region === undefined ? "sts.amazonaws.com" : `sts.${region}.${domainOf(region)}`
  const headers = await signPost(
    {
      host,
      region,
      service: "sts",
      headers: {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "x-vault-aws-iam-server-id": serverId(platformId),
      },
      body,
      now,
    },
    credentials,
  )
  return {
    role,
    iam_http_request_method: "POST",
    iam_request_url: base64(`https://${host}/`),
    iam_request_body: base64(body),
    iam_request_headers: base64(JSON.stringify(headers)),
  }
}

/** What an admin sets as `iam_server_id_header_value`. */
export const serverId = (platformId: string) => `latchkey/${platformId}`

const domainOf = (region: string) => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com")

const base64 = (text: string) => Buffer.from(text).toString("base64")
