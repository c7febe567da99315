import { isObject } from "../../core/json.ts"
import type { SecretManagerModule } from "../secret-manager.ts"
import { startAws } from "./aws/server.ts"

const name = "/prod/db/password"

/** The sandbox's AWS once more, as one with Parameter Store. */
export const awsSsm: SecretManagerModule = {
  providerId: "aws-ssm",
  async start({ port, state }) {
    const {
      url,
      config,
      admin,
      state: save,
      stop,
    } = await startAws({ port, demo: true, ...(state && { state }) })
    const { Parameter: parameter } = admin.call("GetParameter", { Name: name, WithDecryption: true })
    return {
      providerId: "aws-ssm",
      name: "Sandbox AWS Parameter Store",
      port: Number(new URL(url).port),
      config,
      demo: { path: name, value: String(isObject(parameter) && parameter.Value) },
      state: save,
      close: stop,
    }
  },
}
