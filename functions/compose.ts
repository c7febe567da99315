import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import type { KMSClient } from "@aws-sdk/client-kms"
import { dynamoAuditStore } from "../core/audit/dynamodb-audit.ts"
import { systemClock } from "../core/clock.ts"
import { dynamoConnectionStore } from "../core/connections/dynamodb-store.ts"
import { awsKms } from "../core/crypto/aws-kms.ts"
import { countedKms } from "../core/crypto/counted-kms.ts"
import { createLatchkey, type Latchkey, type Ports } from "../core/latchkey.ts"
import type { Metrics } from "../core/metrics.ts"
import { networkOnDemand } from "../core/network/on-demand.ts"
import type { AwsPrincipal } from "../core/providers/aws/deployment.ts"
import { upstashRedis } from "../core/redis/upstash.ts"
import { dynamoAccountIndex } from "../core/rotation/dynamodb-account-index.ts"
import { dynamoUsageStore } from "../core/usage/dynamodb-usage.ts"
import type { Settings } from "./environment.ts"

export { DynamoDBClient }

export interface Clients {
  dynamodb: DynamoDBClient
  /** Made on first use. */
  kms: () => Promise<KMSClient>
  /** The functions' own, for `sts:AssumeRole`. */
  credentials: AwsPrincipal["credentials"]
}

/** Latchkey on AWS and Upstash, as far as this function was told of them. Nothing is contacted yet. */
export function compose(settings: Settings, clients: Clients, metrics: Metrics): Latchkey {
  return createLatchkey(portsOf(settings, clients, metrics))
}

/** What it is built on. */
export function portsOf(
  settings: Settings,
  { dynamodb, kms, credentials }: Clients,
  metrics: Metrics,
): Ports {
  const { tables, deadlines, audit } = settings
  const { allowEndpoint, endpoint, principal } = settings.aws
  // It would copy every request and answer for a logger, which there is none of.
  dynamodb.middlewareStack.remove("loggerMiddleware")
  const clock = systemClock
  return {
    store: portOf("CONNECTIONS_TABLE", tables.connections, (table) =>
      dynamoConnectionStore({ client: dynamodb, table, clock }),
    ),
    accounts: portOf("CONNECTIONS_TABLE", tables.connections, (table) =>
      dynamoAccountIndex({ client: dynamodb, table }),
    ),
    kms: portOf("KMS_KEY_ID", settings.kmsKeyId, (keyId) =>
      countedKms(awsKms({ client: kms, keyId }), metrics),
    ),
    redis: portOf("UPSTASH_REDIS_REST_URL", settings.redis, upstashRedis),
    auditStore: portOf("AUDIT_TABLE", tables.audit, (table) =>
      dynamoAuditStore({ client: dynamodb, table, retentionDays: audit.retentionDays }),
    ),
    usageStore: portOf("USAGE_TABLE", tables.usage, (table) => dynamoUsageStore({ client: dynamodb, table })),
    network: networkOnDemand({
      policy: settings.outbound,
      clock,
      timeouts: { requestMs: deadlines.requestMs, overallMs: deadlines.resolveMs },
    }),
    aws: {
      allowEndpoint,
      ...(endpoint !== undefined && { endpoint: () => endpoint }),
      ...(principal && { principal: { ...principal, credentials } }),
    },
    clock,
    metrics,
    auditMode: audit.mode,
    resolveMs: deadlines.resolveMs,
  }
}

/** A port on what the function was told of. Without that, one whose first use says which variable it takes. */
function portOf<Told, Port extends object>(
  variable: string,
  told: Told | undefined,
  make: (told: Told) => Port,
): Port {
  if (told !== undefined) return make(told)
  return new Proxy({} as Port, {
    get() {
      throw new Error(
        `${variable} is not in the environment of this function: stacks/environment.ts says who has it.`,
      )
    },
  })
}
