import { GetItemCommand } from "@aws-sdk/client-dynamodb"
import { upstashRedis } from "../core/redis/upstash.ts"
import { type Deployment, service } from "./deployment.ts"
import { pathOf } from "./secrets.ts"

/**
 * How secrets are resolved where nobody thought about round trips, as in Activepieces: every reference reads its connection and
 * the cache; what is not there logs in, asks for the mount, reads the secret and writes the cache. In parallel, which
 * is more than many do. Gives nothing: only what it costs is of interest.
 */
export function naiveClient({ dynamodb, stubs, connectionId }: Deployment) {
  const redis = upstashRedis({ url: stubs.url, token: "bench", timeoutMs: 1_000 })
  const { url, roleId, secretId } = stubs.vault

  return async function resolve(references: number, first = 0): Promise<void> {
    const paths = Array.from({ length: references }, (_, i) => pathOf(first + i))
    await Promise.all(paths.map(resolveOne))
  }

  async function resolveOne(path: string): Promise<void> {
    const key = { pk: { S: service.platformId }, sk: { S: `connection#${connectionId}` } }
    await dynamodb.send(new GetItemCommand({ TableName: "connections", Key: key, ConsistentRead: true }))
    const [[cached] = []] = (await redis.pipeline([["MGET", `naive ${path}`]])) as (string | null)[][]
    if (typeof cached === "string") return
    const { auth } = await vault("auth/approle/login", { role_id: roleId, secret_id: secretId })
    await vault(`sys/internal/ui/mounts/${path}`, undefined, auth?.client_token)
    const { data } = await vault(path.slice(0, path.lastIndexOf("/")), undefined, auth?.client_token)
    await redis.pipeline([["SET", `naive ${path}`, JSON.stringify(data), 3_600_000]])
  }

  async function vault(path: string, body: object | undefined, token = ""): Promise<VaultAnswer> {
    const headers = { "x-vault-request": "true", ...(token && { "x-vault-token": token }) }
    const request = body && { method: "POST", body: JSON.stringify(body) }
    const answer = await fetch(`${url}/v1/${path}`, { headers, ...request })
    if (!answer.ok) throw new Error(`The stub's Vault answered ${answer.status} to the naive client.`)
    return (await answer.json()) as VaultAnswer
  }
}

interface VaultAnswer {
  auth?: { client_token: string }
  data?: unknown
}
