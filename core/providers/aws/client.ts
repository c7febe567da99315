import type { FetchResult, ProviderClient, ProviderDeps, Session } from "../provider.ts"
import { fetchRenewing } from "../renewing.ts"
import { browseAws } from "./browse.ts"
import { checkAws } from "./check.ts"
import type { AwsConfig } from "./config.ts"
import type { AwsCredentials } from "./deployment.ts"
import { endpointOf, identityOf, renewalOf } from "./identity.ts"
import { batchFrom, readSecrets } from "./reading.ts"
import { secretsManagerOver } from "./secrets-manager.ts"
import { sessionPolicyOf } from "./session-policy.ts"

export type SecretsManagerConfig = AwsConfig & { probeSecret?: string }

/** A denial lasts as long as the session that it is noted with, at most an hour: permissions change. */
const batchDenied = "batch denied"

export function openSecretsManager(config: SecretsManagerConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock, aws = {} } = deps
  const { region, probeSecret } = config
  const http = deps.http({})
  const identity = identityOf(config, { ...deps, http }, sessionPolicyOf("secretsmanager", region))
  const secretsFor = (credentials: AwsCredentials) =>
    secretsManagerOver({ http, region, endpoint: endpointOf("secretsmanager", config, aws), credentials })

  async function read(
    documents: readonly string[],
    session: Session,
    signal: AbortSignal,
  ): Promise<Map<string, FetchResult>> {
    const { results, batchDenied: denied } = await readSecrets({
      secrets: secretsFor(identity.credentialsOf(session)),
      documents,
      batching: session.notes[batchDenied] === undefined,
      signal,
    })
    if (denied) await sessions.note(session, { [batchDenied]: "true" })
    return results
  }

  return {
    fetch: (documents, signal) =>
      fetchRenewing({
        // Whether batches are denied is noted, where there are any.
        ...renewalOf({ identity, sessions, noting: new Set(documents).size >= batchFrom, signal }),
        documents,
        read: (some, session) => read(some, session, signal),
        signal,
      }),

    check: (signal) =>
      checkAws({
        config,
        http,
        identity,
        aws,
        probe:
          probeSecret === undefined
            ? undefined
            : (credentials) => secretsFor(credentials).describe(probeSecret, signal),
        clock,
        signal,
      }),

    browse: (prefix, cursor, signal) =>
      browseAws({
        prefix,
        allowed: { characters: "/_+=.@-", maxLength: 512 },
        cursor,
        permission: "secretsmanager:ListSecrets",
        renewal: renewalOf({ identity, sessions, signal }),
        namesFor: (session) => secretsFor(identity.credentialsOf(session)),
        signal,
      }),
  }
}
