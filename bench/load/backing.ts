/**
 * What the sandboxes under load share, in a process of its own: DynamoDB, KMS and Redis as the sandbox embeds them, and a
 * Vault for each platform. Started and told what to write by backing-process.ts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { startKms } from "../../local/kms.ts"
import { startRedis } from "../../local/redis.ts"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { type Backing, documentOf, type Writing, type Written } from "./backing-process.ts"

const platformIds = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), "latchkey-load-kms-"))
const [dynamodb, kms, redis] = await Promise.all([
  startDynamoDb(),
  startKms({ folder }),
  startRedis({ token: "load" }),
])
const vaults = new Map<string, VaultServer>()
for (const platformId of platformIds) vaults.set(platformId, await startVault())

process.on("message", async ({ id, platformId, secret, fields }: Writing) => {
  await vaults.get(platformId)?.admin.put(documentOf(secret), { ...fields })
  process.send?.({ id } satisfies Written)
})
process.on("disconnect", () => {
  rmSync(folder, { recursive: true })
  process.exit()
})

const ready: Backing = {
  environment: {
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
    KMS_KEY_ID: kms.keyId,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
  },
  vaults: Object.fromEntries([...vaults].map(([platformId, { config }]) => [platformId, config])),
}
process.send?.(ready)
