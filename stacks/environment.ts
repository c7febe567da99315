import type { Cache } from "./cache.ts"
import type { StageSettings } from "./config.ts"
import { asksSecretManagers, type FunctionId, mayUse } from "./permissions.ts"
import type { Storage } from "./storage.ts"

export interface EnvironmentDeps {
  stage: string
  settings: StageSettings
  storage: Storage
  cache: Cache
  /** Of the pages that may call the API from a browser. */
  consoleOrigin: $util.Input<string> | undefined
}

type Variables = Record<string, $util.Input<string>>

/**
 * What `functions/environment.ts` reads, each function what it has a use for: the tables and the key that its role may
 * use, and the cache's token only where it is asked. No function is linked: a link would grant it the whole of a table.
 */
export function functionEnvironment(deps: EnvironmentDeps): (id: FunctionId) => Variables {
  const { stage, settings, storage, cache, consoleOrigin } = deps
  const { tables, key } = storage
  const { issuers, outbound, audit, deadlines, directCallers } = settings
  const roles = awsSettings(stage, settings)

  return (id) => ({
    // The dimension by which metrics of several stages in one account are told apart.
    POWERTOOLS_SERVICE_NAME: `latchkey-${stage}`,
    ...(id !== "authorizer" && { LATCHKEY_LOG_PERCENT: String(settings.logPercent) }),
    ...(id === "authorizer" && { LATCHKEY_ISSUERS: JSON.stringify(issuers) }),
    ...(id === "resolveDirect" && {
      LATCHKEY_DIRECT_CALLERS: JSON.stringify(
        directCallers.map(({ name, platforms }) => ({ name, platforms })),
      ),
    }),
    ...(mayUse(id, "connections") && { CONNECTIONS_TABLE: tables.connections.name }),
    ...(mayUse(id, "audit") && {
      AUDIT_TABLE: tables.audit.name,
      LATCHKEY_AUDIT: audit.mode,
      LATCHKEY_AUDIT_DAYS: String(audit.retentionDays),
    }),
    ...(mayUse(id, "usage") && { USAGE_TABLE: tables.usage.name }),
    ...(mayUse(id, "key") && { KMS_KEY_ID: key.arn }),
    ...(asksSecretManagers(id) && {
      UPSTASH_REDIS_REST_URL: cache.url,
      UPSTASH_REDIS_REST_TOKEN: cache.token,
      LATCHKEY_OUTBOUND: JSON.stringify(outbound),
      LATCHKEY_RESOLVE_MS: String(deadlines.resolveMs),
      LATCHKEY_REQUEST_MS: String(deadlines.requestMs),
    }),
    // Those that list providers say whom a tenant's role must trust.
    ...((asksSecretManagers(id) || id === "listProviders") && { LATCHKEY_AWS: roles }),
    ...(answersBrowsers(id) && consoleOrigin !== undefined && { LATCHKEY_CONSOLE_ORIGIN: consoleOrigin }),
  })
}

const answersBrowsers = (id: FunctionId) =>
  id !== "authorizer" && id !== "resolveDirect" && id !== "rotationEvents"

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
