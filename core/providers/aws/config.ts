import * as z from "zod/mini"
import type { Secret } from "../../secret.ts"
import { secretField, urlField } from "../config-fields.ts"
import type { ConfigField } from "../provider.ts"
import { partitionOf, partitions } from "./regions.ts"

/** How a connection proves to AWS who it is, and where; the same for every service. */
export type AwsConfig = AccessKeyConfig | RoleConfig

export interface AccessKeyConfig {
  region: string
  accessKeyId: string
  secretAccessKey: Secret
  sessionToken?: Secret
  /** Instead of AWS's own, for every service, where the deployment allows it. */
  endpoint?: string
}

/** Latchkey assumes the role by credentials of its own. */
export interface RoleConfig {
  region: string
  roleArn: string
}

/** `Probe` is the one field that depends on the service: what a test of the connection shall look at. */
export function awsConfig<Probe extends z.core.$ZodShape>(probe: Probe) {
  const everywhere = {
    region: regionField(),
    ...probe,
  }
  return z.union([
    z.strictObject({
      ...everywhere,
      accessKeyId: z.string().check(z.regex(/^\w{1,128}$/, "Must be an access key's id, such as AKIA…")),
      secretAccessKey: secretField({ maxLength: 512 }),
      sessionToken: z.exactOptional(secretField({ maxLength: 16_384 })),
      endpoint: z.exactOptional(urlField()),
    }),
    z.strictObject({
      ...everywhere,
      roleArn: roleArnField(),
    }),
  ])
}

export function regionField() {
  return z.string().check(z.refine((region) => partitionOf(region) !== undefined, "Must be a region of AWS."))
}

export function roleArnField() {
  return z
    .string()
    .check(
      z.maxLength(2048),
      z.regex(
        /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,576}$/,
        "Must be a role's ARN: `arn:aws:iam::123456789012:role/name`.",
      ),
    )
}

const regionOptions = partitions.flatMap(({ regions }) => regions.map((value) => ({ value, label: value })))

/** The fields that every service has; the service's own follow. */
export const awsFields: readonly ConfigField[] = [
  {
    name: "region",
    displayName: "Region",
    description: "Where the secrets are.",
    placeholder: "eu-west-1",
    type: "select",
    optional: false,
    options: regionOptions,
    destination: true,
  },
  {
    name: "roleArn",
    displayName: "Role ARN",
    description:
      "A role that trusts Latchkey with the external id shown here. Preferred; without it, an access key is needed.",
    placeholder: "arn:aws:iam::123456789012:role/latchkey",
    type: "text",
    optional: true,
    destination: true,
  },
  {
    name: "accessKeyId",
    displayName: "Access key ID",
    description: "Access key: of an IAM user that may only read what Latchkey shall resolve.",
    placeholder: "AKIAIOSFODNN7EXAMPLE",
    type: "text",
    optional: true,
    // A secret access key belongs to one id: kept beside another it could only be tried out there.
    destination: true,
  },
  {
    name: "secretAccessKey",
    displayName: "Secret access key",
    description: "Access key: the secret that was shown once when the key was made.",
    placeholder: "wJalrXUtnFEMI/K7MDENG/…",
    type: "password",
    optional: true,
  },
  {
    name: "sessionToken",
    displayName: "Session token",
    description: "Only with temporary credentials, which Latchkey cannot renew.",
    placeholder: "IQoJb3JpZ2luX2Vj…",
    type: "password",
    optional: true,
  },
  {
    name: "endpoint",
    displayName: "Endpoint",
    description: "Only where this deployment allows it: another address that speaks AWS's protocols.",
    placeholder: "https://aws.example.com",
    type: "url",
    optional: true,
    destination: true,
  },
]
