import { Secret } from "../../core/secret.ts"
import { startOnePassword } from "../../local/secret-managers/onepassword/server.ts"
import { answerTo, type SecretManager, takeCalls } from "./secret-manager.ts"

const vault = "Production"
const title = (number: number) => `Service ${number}`
const value = (number: number) => `1Password secret ${number}`

/** 1Password through Connect; every secret is an item of its own, all of one vault, and named by its title. */
export const onepassword: SecretManager = {
  providerId: "onepassword",
  async start({ secrets }) {
    const { config, admin, requests, stop } = await startOnePassword()
    const vaultId = admin.idOf(vault)
    for (let number = 0; number < secrets; number++)
      admin.createItem(vaultId, {
        title: title(number),
        fields: [{ id: "password", type: "CONCEALED", label: "password", value: value(number) }],
      })

    async function ask(path: string): Promise<unknown> {
      const headers = { authorization: `Bearer ${config.token}` }
      return JSON.parse(await answerTo(fetch(`${config.url}/v1/${path}`, { headers })))
    }
    async function idOf(things: string, filter: string): Promise<string> {
      const [found] = (await ask(`${things}?filter=${encodeURIComponent(filter)}`)) as { id: string }[]
      return found?.id ?? ""
    }

    return {
      connection: {
        providerId: "onepassword",
        config: { url: config.url, token: new Secret(config.token) },
      },
      path: (number) => `op://${vault}/${title(number)}/password`,
      value,
      takeCalls: () => takeCalls(requests, [], ["read-item"]),
      // A Connect token is not logged in with. The names of the vault and of each item become ids, which are remembered.
      budget: (secrets, known) => ({ logins: 0, lookups: known ? 0 : 1 + secrets, reads: secrets }),
      async readNaively(number) {
        const inVault = `vaults/${await idOf("vaults", `name eq "${vault}"`)}`
        const itemId = await idOf(`${inVault}/items`, `title eq "${title(number)}"`)
        await ask(`${inVault}/items/${itemId}`)
      },
      stop,
    }
  },
}
