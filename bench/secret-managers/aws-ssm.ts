import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm"
import { region, startAwsByRole } from "./aws-role.ts"
import { type SecretManager, takeCalls } from "./secret-manager.ts"

const actions = ["ssm:GetParameter", "ssm:GetParameters"]

/** The most that `GetParameters` takes. */
const batch = 10

const name = (number: number) => `/prod/service-${number}/database`
const value = (number: number) => `parameter ${number}`

/** AWS Systems Manager Parameter Store by an assumed role. */
export const awsSsm: SecretManager = {
  providerId: "aws-ssm",
  async start({ secrets, platformId }) {
    const { server, roleArn, aws, assume } = await startAwsByRole(platformId, actions)
    const { admin, requests, url, stop } = server
    for (let number = 0; number < secrets; number++)
      admin.call("PutParameter", { Name: name(number), Value: value(number), Type: "SecureString" })

    return {
      connection: { providerId: "aws-ssm", config: { region, roleArn } },
      aws,
      path: name,
      value,
      takeCalls: () => takeCalls(requests, ["AssumeRole"], ["GetParameter", "GetParameters"]),
      budget: (secrets, known) => ({ logins: known ? 0 : 1, lookups: 0, reads: Math.ceil(secrets / batch) }),
      async readNaively(number) {
        const client = new SSMClient({ region, endpoint: url, credentials: await assume() })
        await client.send(new GetParameterCommand({ Name: name(number), WithDecryption: true }))
        client.destroy()
      },
      stop,
    }
  },
}
