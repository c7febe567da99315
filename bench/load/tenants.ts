import type { BackingProcess } from "./backing-process.ts"
import type { Answer, Http } from "./http.ts"
import { fieldsOf } from "./model.ts"
import type { Sandboxes, Tokens } from "./sandboxes.ts"

export interface Tenant {
  platformId: string
  tokens: Tokens
  connections: readonly Connection[]
}

interface Connection {
  id: string
  webhookSecret: string
}

/** Platforms with connections to a Vault each, in which the secrets have their first versions. */
export async function createTenants(deps: {
  platformIds: readonly string[]
  connections: number
  secrets: number
  sandboxes: Sandboxes
  backing: BackingProcess
  http: Http
}): Promise<Tenant[]> {
  const { platformIds, connections, secrets, sandboxes, backing, http } = deps
  const [api = ""] = sandboxes.apis

  async function post(path: string, token: string, body: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
    const call = { url: api + path, method: "POST", headers, body: JSON.stringify(body) } as const
    return expectSuccess(await http.send(call))
  }

  async function connect(platformId: string, token: string, name: string): Promise<Connection> {
    const config = backing.vaults[platformId]
    const { id } = await post("", token, { providerId: "hashicorp", name, scope: "PLATFORM", config })
    const { secret } = await post(`/${id}/webhook-secret`, token, {})
    return { id: String(id), webhookSecret: String(secret) }
  }

  return Promise.all(
    platformIds.map(async (platformId) => {
      const tokens = await sandboxes.tokensOf(platformId)
      for (let secret = 0; secret < secrets; secret++)
        await backing.write(platformId, secret, fieldsOf(platformId, secret, 1))
      const names = Array.from({ length: connections }, (_, i) => `Vault ${i}`)
      const made: Connection[] = []
      for (const name of names) made.push(await connect(platformId, tokens.admin, name))
      return { platformId, tokens, connections: made }
    }),
  )
}

function expectSuccess({ status, text }: Answer): Record<string, unknown> {
  if (status >= 300) throw new Error(`The sandbox answered ${status} while the load was prepared: ${text}`)
  return JSON.parse(text)
}
