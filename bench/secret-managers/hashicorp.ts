import { Secret } from "../../core/secret.ts"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { answerTo, type SecretManager, takeCalls } from "./secret-manager.ts"

const document = (number: number) => `secret/data/app/service-${number}/database`
const value = (number: number) => `vault secret ${number}`

/** Vault by AppRole; every secret is a path of its own, all of one mount. */
export const hashicorp: SecretManager = {
  providerId: "hashicorp",
  async start({ secrets }) {
    const { config, admin, requests, stop } = await startVault()
    for (let number = 0; number < secrets; number++)
      await admin.put(document(number), { password: value(number) })

    async function ask(path: string, body: object | undefined, token = "") {
      const headers = { "x-vault-request": "true", ...(token && { "x-vault-token": token }) }
      const request = body && { method: "POST", body: JSON.stringify(body) }
      return JSON.parse(await answerTo(fetch(`${config.url}/v1/${path}`, { headers, ...request }))) as {
        auth: { client_token: string }
      }
    }

    return {
      connection: {
        providerId: "hashicorp",
        config: {
          url: config.url,
          authMethod: "approle",
          roleId: config.roleId,
          secretId: new Secret(config.secretId),
        },
      },
      path: (number) => `${document(number)}/password`,
      value,
      takeCalls: () => takeCalls(requests, ["login"], ["read"]),
      // One mount to look up, and one read of each path.
      budget: (secrets, known) => ({ logins: known ? 0 : 1, lookups: known ? 0 : 1, reads: secrets }),
      async readNaively(number) {
        const { auth } = await ask("auth/approle/login", {
          role_id: config.roleId,
          secret_id: config.secretId,
        })
        await ask(`sys/internal/ui/mounts/${document(number)}`, undefined, auth.client_token)
        await ask(document(number), undefined, auth.client_token)
      },
      stop,
    }
  },
}
