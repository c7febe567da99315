import { ProviderError } from "../../errors.ts"
import type { FetchResult, ProviderClient, ProviderDeps, Session } from "../provider.ts"
import { fetchRenewing, onceRenewing } from "../renewing.ts"
import { browseNames } from "./browse.ts"
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
        stsEndpoint: () => endpointOf("sts", config, aws),
        ...(probeSecret === undefined
          ? {}
          : { probe: (credentials) => secretsFor(credentials).describe(probeSecret, signal) }),
        clock,
        signal,
      }),

    async browse(prefix, cursor, signal) {
      if (!/^[A-Za-z0-9/_+=.@-]{0,512}$/.test(prefix)) {
        throw new ProviderError(
          "INVALID_PATH",
          "Begin with another prefix: it has only letters, digits and `/_+=.@-`.",
        )
      }
      try {
        return await onceRenewing(renewalOf({ identity, sessions, signal }), (session) => {
          const secrets = secretsFor(identity.credentialsOf(session))
          return browseNames((start, next) => secrets.list(start, next, signal), prefix, cursor)
        })
      } catch (error) {
        if (!(error instanceof ProviderError) || error.reason !== "PERMISSION_DENIED") throw error
        throw new ProviderError(
          "PERMISSION_DENIED",
          "Browsing needs `secretsmanager:ListSecrets` on all resources, which AWS denies. Allow it to the connection's identity; resolving does not need it.",
          error.upstream ? { upstream: error.upstream } : {},
        )
      }
    },
  }
}
