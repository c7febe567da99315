import { ProviderError } from "../../errors.ts"
import { browseNames } from "../aws/browse.ts"
import { checkAws } from "../aws/check.ts"
import type { AwsConfig } from "../aws/config.ts"
import type { AwsCredentials } from "../aws/deployment.ts"
import { endpointOf, identityOf, renewalOf } from "../aws/identity.ts"
import { sessionPolicyOf } from "../aws/session-policy.ts"
import type { ProviderClient, ProviderDeps } from "../provider.ts"
import { fetchRenewing, onceRenewing } from "../renewing.ts"
import { parameterStoreOver } from "./parameter-store.ts"
import { readParameters } from "./reading.ts"

export type ParameterStoreConfig = AwsConfig & { probeParameter?: string }

export function openParameterStore(config: ParameterStoreConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock, aws = {} } = deps
  const { region, probeParameter } = config
  const http = deps.http({})
  const identity = identityOf(config, { ...deps, http }, sessionPolicyOf("ssm", region))
  const storeFor = (credentials: AwsCredentials) =>
    parameterStoreOver({ http, region, endpoint: endpointOf("ssm", config, aws), credentials })

  return {
    fetch: (documents, signal) =>
      fetchRenewing({
        ...renewalOf({ identity, sessions, signal }),
        documents,
        read: (some, session) =>
          readParameters({ store: storeFor(identity.credentialsOf(session)), documents: some, signal }),
        signal,
      }),

    check: (signal) =>
      checkAws({
        config,
        http,
        identity,
        stsEndpoint: () => endpointOf("sts", config, aws),
        ...(probeParameter === undefined
          ? {}
          : {
              async probe(credentials) {
                const documents = [probeParameter]
                const results = await readParameters({ store: storeFor(credentials), documents, signal })
                const result = results.get(probeParameter)
                if (result && !result.ok) throw result.error
              },
            }),
        clock,
        signal,
      }),

    async browse(prefix, cursor, signal) {
      if (!/^[A-Za-z0-9_./-]{0,1011}$/.test(prefix)) {
        throw new ProviderError(
          "INVALID_PATH",
          "Begin with another prefix: it has only letters, digits and `/_.-`.",
        )
      }
      try {
        return await onceRenewing(renewalOf({ identity, sessions, signal }), (session) => {
          const store = storeFor(identity.credentialsOf(session))
          return browseNames((start, next) => store.list(start, next, signal), prefix, cursor)
        })
      } catch (error) {
        if (!(error instanceof ProviderError) || error.reason !== "PERMISSION_DENIED") throw error
        throw new ProviderError(
          "PERMISSION_DENIED",
          "Browsing needs `ssm:DescribeParameters` on all resources, which AWS denies. Allow it to the connection's identity; resolving does not need it.",
          error.upstream ? { upstream: error.upstream } : {},
        )
      }
    },
  }
}
