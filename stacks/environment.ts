import type { Cache } from "./cache.ts"
import type { StageSettings } from "./config.ts"
import type { Storage } from "./storage.ts"

/** What `functions/environment.ts` reads. No function is linked: a link would grant it the whole of a table. */
export function functionEnvironment(
  stage: string,
  settings: StageSettings,
  { tables, key }: Storage,
  cache: Cache,
): Record<string, $util.Input<string>> {
  const { issuers, outbound, audit, deadlines, consoleOrigin, directCallers } = settings
  return {
    CONNECTIONS_TABLE: tables.connections.name,
    AUDIT_TABLE: tables.audit.name,
    USAGE_TABLE: tables.usage.name,
    KMS_KEY_ID: key.arn,
    UPSTASH_REDIS_REST_URL: cache.url,
    UPSTASH_REDIS_REST_TOKEN: cache.token,
    LATCHKEY_ISSUERS: JSON.stringify(issuers),
    LATCHKEY_OUTBOUND: JSON.stringify(outbound),
    LATCHKEY_DIRECT_CALLERS: JSON.stringify(
      directCallers.map(({ name, platforms }) => ({ name, platforms })),
    ),
    LATCHKEY_AWS: awsSettings(stage, settings),
    LATCHKEY_AUDIT: audit.mode,
    LATCHKEY_AUDIT_DAYS: String(audit.retentionDays),
    LATCHKEY_RESOLVE_MS: String(deadlines.resolveMs),
    LATCHKEY_REQUEST_MS: String(deadlines.requestMs),
    ...(consoleOrigin !== undefined && { LATCHKEY_CONSOLE_ORIGIN: consoleOrigin }),
    // The dimension by which metrics of several stages in one account are told apart.
    POWERTOOLS_SERVICE_NAME: `latchkey-${stage}`,
  }
}

/** Roles of tenants trust the whole account: each function has a role of its own, and an account is one stage's. */
function awsSettings(stage: string, { aws: own }: StageSettings): $util.Output<string> {
  return $util
    .all([aws.getCallerIdentityOutput().accountId, aws.getPartitionOutput().partition])
    .apply(([account, partition]) =>
      JSON.stringify({
        allowEndpoint: own.allowEndpoint,
        principal: {
          deploymentId: own.deploymentId ?? `${account}/${stage}`,
          arn: `arn:${partition}:iam::${account}:root`,
        },
      }),
    )
}
