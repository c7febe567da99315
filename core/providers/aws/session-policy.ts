import { hostOf } from "./regions.ts"

const reads = {
  secretsmanager: ["BatchGetSecretValue", "DescribeSecret", "GetSecretValue", "ListSecrets"],
  ssm: ["DescribeParameters", "GetParameters"],
} as const

/**
 * The most that a role's session may do, however much the role may: the reads that Latchkey uses, and decryption on behalf
 * of the service that they are of. A policy as JSON.
 */
export function sessionPolicyOf(service: "secretsmanager" | "ssm", region: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: reads[service].map((name) => `${service}:${name}`), Resource: "*" },
      {
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: "*",
        Condition: { StringEquals: { "kms:ViaService": hostOf(service, region) } },
      },
    ],
  })
}
