import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import type { KMSClient } from "@aws-sdk/client-kms"
import { dynamoAuditStore } from "../core/audit/dynamodb-audit.ts"
import { systemClock } from "../core/clock.ts"
import { dynamoConnectionStore } from "../core/connections/dynamodb-store.ts"
import { awsKms } from "../core/crypto/aws-kms.ts"
import { createLatchkey, type Latchkey } from "../core/latchkey.ts"
import type { Metrics } from "../core/metrics.ts"
import { networkOnDemand } from "../core/network/on-demand.ts"
import type { AwsPrincipal } from "../core/providers/aws/deployment.ts"
import { upstashRedis } from "../core/redis/upstash.ts"
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

/** Latchkey on AWS and Upstash. Nothing is contacted yet. */
export function compose(
  settings: Settings,
  { dynamodb, kms, credentials }: Clients,
  metrics: Metrics,
): Latchkey {
  const { tables, deadlines, audit } = settings
  const { allowEndpoint, principal } = settings.aws
  // It would copy every request and answer for a logger, which there is none of.
  dynamodb.middlewareStack.remove("loggerMiddleware")
  const clock = systemClock
  return createLatchkey({
    store: dynamoConnectionStore({ client: dynamodb, table: tables.connections, clock }),
    kms: awsKms({ client: kms, keyId: settings.kmsKeyId }),
    redis: upstashRedis(settings.redis),
    auditStore: dynamoAuditStore({
      client: dynamodb,
      table: tables.audit,
      retentionDays: audit.retentionDays,
    }),
    usageStore: dynamoUsageStore({ client: dynamodb, table: tables.usage }),
    network: networkOnDemand({
      policy: settings.outbound,
      clock,
      timeouts: { requestMs: deadlines.requestMs, overallMs: deadlines.resolveMs },
    }),
    aws: { allowEndpoint, ...(principal && { principal: { ...principal, credentials } }) },
    clock,
    metrics,
    auditMode: audit.mode,
    resolveMs: deadlines.resolveMs,
  })
}
