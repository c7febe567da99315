/**
 * In the place of the AWS SDK's endpoint discovery in what is deployed: the DynamoDB client configures it, and none of its
 * commands uses it.
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: () => undefined,
  default: undefined,
}

export const resolveEndpointDiscoveryConfig = <Config>(config: Config): Config => config
