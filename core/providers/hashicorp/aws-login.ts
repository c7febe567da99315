import { signPost } from "./aws-signature.ts"
import type { VaultConfigOf } from "./config.ts"

const body = "Action=GetCallerIdentity&Version=2011-06-15"

/**
 * What Vault's AWS auth method takes for a login: a signed `sts:GetCallerIdentity`, which Vault sends to AWS to learn who
 * signed it. https://developer.hashicorp.com/vault/api-docs/auth/aws#login
 *
 * Whoever is sent such a proof could show it to another Vault within minutes. So the platform's name is signed with it,
 * and a Vault that has it as `iam_server_id_header_value` accepts no proof made for another platform's connection.
 */
export async function awsLoginData(
  config: VaultConfigOf<"aws">,
  { platformId, now }: { platformId: string; now: number },
): Promise<Record<string, string>> {
  const { role, region = "us-east-1" } = config
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
    config,
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
