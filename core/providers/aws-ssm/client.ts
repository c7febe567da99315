import { browseAws } from "../aws/browse.ts"
import { checkAws } from "../aws/check.ts"
import type { AwsConfig } from "../aws/config.ts"
import type { AwsCredentials } from "../aws/deployment.ts"
import { endpointOf, identityOf, renewalOf } from "../aws/identity.ts"
import { sessionPolicyOf } from "../aws/session-policy.ts"
import type { ProviderClient, ProviderDeps } from "../provider.ts"
import { fetchRenewing } from "../renewing.ts"
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
        aws,
        probe:
          probeParameter === undefined
            ? undefined
            : async (credentials) => {
                const documents = [probeParameter]
                const results = await readParameters({ store: storeFor(credentials), documents, signal })
                const result = results.get(probeParameter)
                if (result && !result.ok) throw result.error
              },
        clock,
        signal,
      }),

    browse: (prefix, cursor, signal) =>
      browseAws({
        prefix,
        allowed: { characters: "/_.-", maxLength: 1011 },
        cursor,
        permission: "ssm:DescribeParameters",
        renewal: renewalOf({ identity, sessions, signal }),
        namesFor: (session) => storeFor(identity.credentialsOf(session)),
        signal,
      }),
  }
}
