import { externalIdOf } from "../../core/providers/aws/deployment.ts"
import { latchkeyInAws } from "../environment.ts"
import type { SecretManagerModule } from "../secret-manager.ts"
import type { AwsAdmin } from "./aws/admin.ts"
import { demoPolicy } from "./aws/demo.ts"
import { startAws } from "./aws/server.ts"

const [name, key] = ["prod/db", "password"]
/** Whose the sandbox's connections are. */
const platformId = "acme"

/** The sandbox's AWS, with Secrets Manager and STS, and a role for Latchkey besides the keys of its connection. */
export const aws: SecretManagerModule = {
  providerId: "aws",
  async start({ port, state }) {
    const {
      url,
      config,
      admin,
      state: save,
      stop,
    } = await startAws({ port, demo: true, ...(state && { state }) })
    await makeRole(admin)
    const { SecretString } = admin.call("GetSecretValue", { SecretId: name })
    return {
      providerId: "aws",
      name: "Sandbox AWS Secrets Manager",
      port: Number(new URL(url).port),
      config,
      demo: { path: `${name}#${key}`, value: String(JSON.parse(String(SecretString))[key]) },
      state: save,
      close: stop,
    }
  },
}

/** `arn:aws:iam::111122223333:role/latchkey`, which the sandbox's Latchkey may assume for the demo's platform alone. */
async function makeRole(admin: AwsAdmin): Promise<void> {
  const { deploymentId, arn, accessKeyId, secretAccessKey } = latchkeyInAws
  admin.letAssume({ accessKeyId, secretAccessKey }, "latchkey")
  const externalId = await externalIdOf(deploymentId, platformId)
  admin.createRole("latchkey", { trusts: [arn], externalId, policy: demoPolicy })
}
