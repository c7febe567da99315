import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { region, startAwsByRole } from "./aws-role.ts"
import { type SecretManager, takeCalls } from "./secret-manager.ts"

const actions = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]

/** `BatchGetSecretValue` takes twenty, and is worth its smaller quota from four up. */
const [batch, batchFrom] = [20, 4]

const name = (number: number) => `prod/service-${number}/database`
const value = (number: number) => `aws secret ${number}`

/** AWS Secrets Manager by an assumed role. */
export const aws: SecretManager = {
  providerId: "aws",
  async start({ secrets, platformId }) {
    const { server, roleArn, aws, assume } = await startAwsByRole(platformId, actions)
    const { admin, requests, url, stop } = server
    for (let number = 0; number < secrets; number++)
      admin.put(name(number), JSON.stringify({ password: value(number) }))

    return {
      connection: { providerId: "aws", config: { region, roleArn } },
      aws,
      path: (number) => `${name(number)}#password`,
      value,
      takeCalls: () => takeCalls(requests, ["AssumeRole"], ["GetSecretValue", "BatchGetSecretValue"]),
      budget: (secrets, known) => ({
        logins: known ? 0 : 1,
        lookups: 0,
        reads: secrets < batchFrom ? secrets : Math.ceil(secrets / batch),
      }),
      async readNaively(number) {
        const client = new SecretsManagerClient({ region, endpoint: url, credentials: await assume() })
        await client.send(new GetSecretValueCommand({ SecretId: name(number) }))
        client.destroy()
      },
      stop,
    }
  },
}
