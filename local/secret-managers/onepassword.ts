import type { SecretManagerModule } from "../secret-manager.ts"
import { startOnePassword } from "./onepassword/server.ts"

const path = "op://Production/Stripe/Secret Key"

/** The sandbox's 1Password Connect server. */
export const onepassword: SecretManagerModule = {
  providerId: "onepassword",
  async start({ port, state }) {
    const server = await startOnePassword({ port, demo: true, ...(state && { state }) })
    return {
      providerId: "onepassword",
      name: "Sandbox 1Password",
      port: Number(new URL(server.url).port),
      config: server.config,
      demo: { path, value: server.admin.read(path) },
      state: server.state,
      close: server.stop,
    }
  },
}
