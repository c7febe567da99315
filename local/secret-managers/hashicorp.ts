import { isObject, own } from "../../core/json.ts"
import type { SecretManagerModule } from "../secret-manager.ts"
import { startVault } from "./vault/server.ts"

const [document, key] = ["secret/data/app/api_key", "value"]

/** The sandbox's Vault. */
export const hashicorp: SecretManagerModule = {
  providerId: "hashicorp",
  async start({ port, state }) {
    const {
      url,
      config,
      admin,
      state: save,
      stop,
    } = await startVault({ port, demo: true, ...(state && { state }) })
    const answer = await admin.call("GET", document)
    const secret =
      isObject(answer.data) && isObject(answer.data.data) ? own(answer.data.data, key) : undefined
    return {
      providerId: "hashicorp",
      name: "Sandbox Vault",
      port: Number(new URL(url).port),
      config,
      demo: { path: `${document}/${key}`, value: String(secret) },
      state: save,
      close: stop,
    }
  },
}
