/** AWS's services that are called. */
export type Service = "secretsmanager" | "ssm" | "sts"

/**
 * The regions of each partition, with the domain that its services are in; as the SDK has them, which a test compares.
 * Only these are accepted: a region becomes part of a host's name.
 */
export const partitions = [
  {
    id: "aws",
    domain: "amazonaws.com",
    regions: [
      ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1"],
      ...["eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"],
      ...["eu-west-1", "eu-west-2", "eu-west-3"],
      ...["ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
      ...["ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"],
      ...["ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"],
      ...["af-south-1", "il-central-1", "me-central-1", "me-south-1", "me-west-1", "sa-east-1", "sa-west-1"],
    ],
  },
  { id: "aws-cn", domain: "amazonaws.com.cn", regions: ["cn-north-1", "cn-northwest-1"] },
  { id: "aws-us-gov", domain: "amazonaws.com", regions: ["us-gov-east-1", "us-gov-west-1"] },
  { id: "aws-eusc", domain: "amazonaws.eu", regions: ["eusc-de-east-1"] },
  { id: "aws-iso", domain: "c2s.ic.gov", regions: ["us-iso-east-1", "us-iso-west-1"] },
  { id: "aws-iso-b", domain: "sc2s.sgov.gov", regions: ["us-isob-east-1", "us-isob-west-1"] },
  { id: "aws-iso-e", domain: "cloud.adc-e.uk", regions: ["eu-isoe-west-1"] },
  { id: "aws-iso-f", domain: "csp.hci.ic.gov", regions: ["us-isof-east-1", "us-isof-south-1"] },
] as const satisfies readonly { id: string; domain: string; regions: readonly string[] }[]

type Partition = (typeof partitions)[number]

/** The partition that a region is in; undefined for what is no region. */
export function partitionOf(region: string): Partition | undefined {
  return partitions.find(({ regions }) => (regions as readonly string[]).includes(region))
}

/** A region of an ARN's partition, for services of which any region's will do; undefined for what is no partition. */
export function someRegionOf(arn: string): string | undefined {
  return partitions.find(({ id }) => id === arn.split(":")[1])?.regions[0]
}

/** A service's regional host: `sts.eu-west-1.amazonaws.com`. */
export function hostOf(service: Service, region: string): string {
  const partition = partitionOf(region)
  if (!partition) throw new Error("A region that the configuration's schema should have refused.")
  return `${service}.${region}.${partition.domain}`
}
