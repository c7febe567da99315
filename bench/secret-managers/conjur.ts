import { Secret } from "../../core/secret.ts"
import { startConjur } from "../../local/secret-managers/conjur/server.ts"
import { answerTo, type SecretManager, takeCalls } from "./secret-manager.ts"

/** Of the first line of a request, what servers commonly take and a batch may fill with ids. */
const lineBytes = 8_000

const id = (number: number) => `data/vault/production/service-${number}/database/password`
const value = (number: number) => `conjur secret ${number}`

/** CyberArk Conjur by API key, with ids as long as those that CyberArk's Vault Synchronizer makes. */
export const conjur: SecretManager = {
  providerId: "cyberark-conjur",
  async start({ secrets }) {
    const { config, admin, requests, stop } = await startConjur()
    const { url, organizationAccountName: account, loginId, apiKey } = config
    for (let number = 0; number < secrets; number++) {
      admin.put(id(number), value(number))
      admin.permit(loginId, ["read", "execute"], id(number))
    }
    /** As it stands in a batch, with the comma after it. */
    const bytesOf = (number: number) => encodeURIComponent(`${account}:variable:${id(number)}`).length + 1

    return {
      connection: {
        providerId: "cyberark-conjur",
        config: {
          url,
          organizationAccountName: account,
          authMethod: "api-key",
          loginId,
          apiKey: new Secret(apiKey),
        },
      },
      path: id,
      value,
      takeCalls: () => takeCalls(requests, ["authenticate"], ["read", "batch"]),
      budget(secrets, known) {
        let bytes = 0
        for (let number = 0; number < secrets; number++) bytes += bytesOf(number)
        return { logins: known ? 0 : 1, lookups: 0, reads: Math.ceil(bytes / lineBytes) }
      },
      async readNaively(number) {
        const login = `${url}/authn/${account}/${encodeURIComponent(loginId)}/authenticate`
        const headers = { "accept-encoding": "base64" }
        const token = await answerTo(fetch(login, { method: "POST", body: apiKey, headers }))
        const variable = `${url}/secrets/${account}/variable/${encodeURIComponent(id(number))}`
        await answerTo(fetch(variable, { headers: { authorization: `Token token="${token}"` } }))
      },
      stop,
    }
  },
}
