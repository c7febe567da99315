import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { KMSClient } from "@aws-sdk/client-kms"
import type { Principal } from "../core/auth/principal.ts"
import { systemClock } from "../core/clock.ts"
import { bindingOf, epochOf } from "../core/connections/cache-epoch.ts"
import { dynamoConnectionStore } from "../core/connections/dynamodb-store.ts"
import { entryName } from "../core/connections/entry-names.ts"
import { awsKms } from "../core/crypto/aws-kms.ts"
import { createKeyring } from "../core/crypto/keyring.ts"
import { newRequestId } from "../core/ids.ts"
import type { Json } from "../core/json.ts"
import { createLatchkey, type Latchkey, type Ports } from "../core/latchkey.ts"
import type { Metrics } from "../core/metrics.ts"
import { Secret } from "../core/secret.ts"
import { sealValue } from "../core/secrets/entry.ts"
import { portsOf } from "../functions/compose.ts"
import { readEnvironment } from "../functions/environment.ts"
import { documentOf, pathOf, secretOf } from "./secrets.ts"
import { type Stubs, startStubs } from "./stub-process.ts"

export const service: Principal = {
  platformId: "acme",
  subject: "flows",
  type: "SERVICE",
  role: "MEMBER",
  expiresAt: 4_000_000_000,
}

const silent: Metrics = { count() {}, time() {} }

/** Latchkey as it is deployed, with its real clients, over the stubs; one platform with one connection to their Vault. */
export interface Deployment {
  stubs: Stubs
  dynamodb: DynamoDBClient
  environment: Record<string, string>
  connectionId: string
  /** Another instance, with a memory of its own; over what a deployment gives it, or something else instead. */
  newInstance(instead?: Partial<Ports>): Latchkey
  /** A value with these many references, from the secret of number `first` on. */
  valueWith(references: number, first?: number): Json
  /** Puts secrets into Redis, sealed, as the resolve that fetched them would have. Returns the names of the entries. */
  cache(secrets: number, first?: number): Promise<string[]>
}

export async function deploy(): Promise<Deployment> {
  const stubs = await startStubs()
  const environment = environmentFor(stubs)
  Object.assign(process.env, environment)
  const settings = readEnvironment(environment)
  const dynamodb = new DynamoDBClient({ endpoint: stubs.url })
  const kmsClient = new KMSClient({ endpoint: stubs.url })
  const clients = {
    dynamodb,
    kms: async () => kmsClient,
    credentials: () => Promise.reject(new Error("No role is assumed here.")),
  }
  const newInstance = (instead: Partial<Ports> = {}) =>
    createLatchkey({ ...portsOf(settings, clients, silent), ...instead })
  const connectionId = await connect(newInstance(), stubs)

  const store = dynamoConnectionStore({
    client: dynamodb,
    table: environment.CONNECTIONS_TABLE ?? "",
    clock: systemClock,
  })
  const keyring = createKeyring({ kms: awsKms({ client: clients.kms, keyId: "bench" }), clock: systemClock })

  /** The keys and the epoch that the records stand for now: a clear changes them. */
  async function sealing() {
    const { platform, connections } = await store.read(service.platformId, [connectionId])
    const record = connections.get(connectionId)
    if (!platform || !record) throw new Error("The stub did not keep the connection.")
    return { keys: await keyring.unwrap(platform), epoch: epochOf(record, platform) }
  }

  return {
    stubs,
    dynamodb,
    environment,
    connectionId,
    newInstance,
    valueWith(references, first = 0) {
      const numbers = Array.from({ length: references }, (_, i) => first + i)
      return Object.fromEntries(
        numbers.map((number) => [`field${number}`, `{{secret://${connectionId}/${pathOf(number)}}}`]),
      )
    },
    async cache(secrets, first = 0) {
      const { keys, epoch } = await sealing()
      const now = Date.now()
      const kept = {
        kind: "value",
        version: "1",
        freshUntil: now + 3_600_000,
        staleUntil: 0,
        size: 0,
      } as const
      const entries = Array.from({ length: secrets }, (_, i): [string, string] => {
        const document = documentOf(first + i)
        const entry = { ...kept, content: new Secret<Json>({ password: secretOf(first + i) }) }
        return [
          entryName(keys, "document", epoch.platformId, epoch.connectionId, document),
          sealValue(keys, bindingOf(epoch, document), entry, now),
        ]
      })
      await stubs.putEntries(entries)
      return entries.map(([name]) => name)
    },
  }
}

/** A request of the service's, as the handler would make it. */
export function resolve(latchkey: Latchkey, value: Json) {
  return latchkey.resolve({
    principal: service,
    requestId: newRequestId(),
    signal: new AbortController().signal,
    audit: latchkey.audit.request(),
    value,
    onError: "fail",
    reply: { bytes: 4 * 1024 * 1024, enveloped: true },
  })
}

function environmentFor({ url }: Stubs): Record<string, string> {
  return {
    LATCHKEY_SANDBOX: "1",
    CONNECTIONS_TABLE: "connections",
    AUDIT_TABLE: "audit",
    USAGE_TABLE: "usage",
    KMS_KEY_ID: "bench",
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: "bench",
    LATCHKEY_ISSUERS: JSON.stringify([{}]),
    LATCHKEY_OUTBOUND: JSON.stringify({ allowHttp: true, allowLoopback: true }),
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_ENDPOINT_URL_DYNAMODB: url,
    AWS_ENDPOINT_URL_KMS: url,
  }
}

async function connect(latchkey: Latchkey, { vault }: Stubs): Promise<string> {
  const connection = await latchkey.connections.create(
    {
      principal: { ...service, type: "USER", role: "ADMIN" },
      requestId: newRequestId(),
      audit: latchkey.audit.request(),
      signal: new AbortController().signal,
    },
    {
      providerId: "hashicorp",
      name: "Vault",
      scope: "PLATFORM",
      config: {
        url: vault.url,
        authMethod: "approle",
        roleId: vault.roleId,
        secretId: new Secret(vault.secretId),
      },
    },
  )
  return connection.id
}
