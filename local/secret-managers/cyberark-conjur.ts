import type { SecretManagerModule } from "../secret-manager.ts"
import { startConjur } from "./conjur/server.ts"

const path = "data/app/api_key"

/** The sandbox's Conjur, where the API is below `/api` as in Conjur Cloud. */
export const cyberarkConjur: SecretManagerModule = {
  providerId: "cyberark-conjur",
  async start({ port, state }) {
    const server = await startConjur({ port, demo: true, basePath: "/api", ...(state && { state }) })
    return {
      providerId: "cyberark-conjur",
      name: "Sandbox Conjur",
      port: Number(new URL(server.url).port),
      config: server.config,
      demo: { path, value: String(server.admin.value(path)) },
      state: () => server.state(),
      close: () => server.stop(),
    }
  },
}
