import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { KMSClient } from "@aws-sdk/client-kms"
import { systemClock as clock } from "../../core/clock.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { readPlatform } from "../../core/connections/platform.ts"
import { isAuthentic, recordMac } from "../../core/connections/record-mac.ts"
import { awsKms } from "../../core/crypto/aws-kms.ts"
import { awsRewrapper } from "../../core/crypto/aws-rewrap.ts"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { newRequestId } from "../../core/ids.ts"
import { dynamoRecords } from "../../core/maintenance/dynamodb-records.ts"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { startKms } from "../../local/kms.ts"
import { createTables } from "../../local/tables.ts"
import { aRecord } from "../connections/records.ts"

const access = { region: "us-east-1", credentials: { accessKeyId: "operator", secretAccessKey: "operator" } }
export const tables = { connections: "connections", audit: "audit", usage: "usage" }

/** A stage's table and key, served by the sandbox, with connections as Latchkey writes them. */
export async function givenStage() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-maintenance-"))
  const [dynamodb, kms] = await Promise.all([
    startDynamoDb(),
    startKms({ folder, aliases: ["latchkey", "former", "foreign"] }),
  ])
  const client = new DynamoDBClient({ ...access, endpoint: dynamodb.url, maxAttempts: 1 })
  const kmsClient = new KMSClient({ ...access, endpoint: kms.url, maxAttempts: 1 })
  await createTables(client, tables)
  const store = dynamoConnectionStore({ client, table: tables.connections, clock })
  const keysUnder = (keyId: string) => awsKms({ client: async () => kmsClient, keyId })

  /** As an instance that has seen nothing yet. */
  const fresh = (keyId = kms.keyId) => ({
    store,
    keyring: createKeyring({ kms: keysUnder(keyId), clock }),
    envelope: createEnvelope({ kms: keysUnder(keyId), clock }),
  })

  return {
    dynamodb,
    kms,
    client,
    store,
    records: (pageSize?: number) =>
      dynamoRecords({ client, table: tables.connections, ...(pageSize !== undefined && { pageSize }) }),
    rewrapper: (fromKeyId = kms.keyId) => awsRewrapper({ client: kmsClient, keyId: kms.keyId, fromKeyId }),

    /** A connection whose configuration is `{ secret }`. */
    async connect(platformId: string, { secret = "s3cret", keyId = kms.keyId } = {}) {
      const { keyring, envelope } = fresh(keyId)
      const { platform } = await readPlatform({ store, keyring }, platformId, [])
      const keys = await keyring.unwrap(platform)
      const draft = aRecord({ platformId })
      const binding = { platformId, connectionId: draft.id, configId: draft.configId }
      const record = { ...draft, config: await envelope.encryptConfig(binding, { secret }) }
      await store.create({ ...record, mac: recordMac(keys, record) }, newRequestId())
      return record.id
    },

    /** What is stored of a connection, and what another instance makes of it. */
    async look(platformId: string, id: string) {
      const { platform, connections } = await store.read(platformId, [id])
      const record = connections.get(id)
      if (!platform || !record) throw new Error(`There is no connection ${id} of ${platformId}.`)
      const { keyring, envelope } = fresh()
      const { configId, config } = record
      return {
        platform,
        record,
        secret: await envelope.decryptConfig({ platformId, connectionId: id, configId }, config),
        authentic: isAuthentic(await keyring.unwrap(platform), record),
      }
    },

    /** Of the KMS key that wrapped it: the sandbox's ciphertexts say it after format and key id. */
    versionOf: (wrapped: Uint8Array) => Buffer.from(wrapped).readUInt32BE(17),

    async stop() {
      client.destroy()
      kmsClient.destroy()
      await Promise.all([dynamodb.close(), kms.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

export type GivenStage = Awaited<ReturnType<typeof givenStage>>
