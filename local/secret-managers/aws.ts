import type { SecretManagerModule } from "../secret-manager.ts"
import { startAws } from "./aws/server.ts"

const [name, key] = ["prod/db", "password"]

/** The sandbox's AWS, with Secrets Manager and STS. */
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
