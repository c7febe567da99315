import type { StageSettings } from "./config.ts"

export interface FunctionNetwork {
  privateSubnets: $util.Input<$util.Input<string>[]>
  securityGroups: $util.Input<$util.Input<string>[]>
}

/**
 * The network that functions run in, for secret managers on private addresses and for those that let in known addresses
 * only. Undefined: functions run in Lambda's own, and leave from addresses that change.
 */
export function createNetwork({ vpc }: StageSettings): {
  network?: FunctionNetwork
  /** From which every request to a secret manager comes; customers put them on their allow-lists. */
  egressAddresses?: $util.Output<string[]>
} {
  if (vpc === undefined) return {}
  if (vpc !== "new") return { network: vpc }
  const made = new sst.aws.Vpc("Network", { az: 2, nat: "managed" })
  // Free, and keeps the most frequent requests off the NAT gateways, which charge for every byte.
  new aws.ec2.VpcEndpoint("NetworkDynamoDb", {
    vpcId: made.id,
    serviceName: $util.interpolate`com.amazonaws.${aws.getRegionOutput().region}.dynamodb`,
    routeTableIds: made.nodes.privateRouteTables.apply((tables) => tables.map(({ id }) => id)),
  })
  return {
    network: { privateSubnets: made.privateSubnets, securityGroups: made.securityGroups },
    egressAddresses: made.nodes.natGateways.apply((gateways) =>
      $util.all(gateways.map(({ publicIp }) => publicIp)),
    ),
  }
}
