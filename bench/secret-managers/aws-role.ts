import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts"
import { type AwsDeployment, externalIdOf } from "../../core/providers/aws/deployment.ts"
import { Secret } from "../../core/secret.ts"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { type AwsServer, startAws } from "../../local/secret-managers/aws/server.ts"

export const region = "us-east-1"

const deploymentId = "bench"

export interface AwsByRole {
  server: AwsServer
  roleArn: string
  aws: AwsDeployment
  /** Assumes the role as anyone may who has its external id, once more each time. Gives what its session signs with. */
  assume(): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string }>
}

/** The sandbox's AWS, and a role in it that this platform may have assumed: by an access key there would be no login. */
export async function startAwsByRole(platformId: string, actions: string[]): Promise<AwsByRole> {
  const server = await startAws({ region })
  const { arn, accessKeyId, secretAccessKey } = createLatchkey(server.admin)
  const externalId = await externalIdOf(deploymentId, platformId)
  const roleArn = server.admin.createRole("bench", {
    trusts: [arn],
    externalId,
    policy: { Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] },
  })
  const credentials = async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) })
  return {
    server,
    roleArn,
    aws: { endpoint: () => server.url, principal: { deploymentId, arn, credentials } },
    async assume() {
      const sts = new STSClient({
        region,
        endpoint: server.url,
        credentials: { accessKeyId, secretAccessKey },
      })
      const command = new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: "naive",
        ExternalId: externalId,
      })
      const { Credentials: session } = await sts.send(command)
      sts.destroy()
      const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = session ?? {}
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
    },
  }
}
