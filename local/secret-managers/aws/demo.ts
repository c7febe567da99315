import { randomBytes } from "node:crypto"
import type { Policy } from "./state.ts"

/** A value to write: text, or bytes as base64. */
export type DemoValue = { string: string } | { binary: string }

/**
 * The secrets that the sandbox starts with: realistic in shape, and obviously fake. Every call gives other values, which is
 * what a rotation writes.
 */
export function demoSecrets(): Map<string, DemoValue> {
  const tag = randomBytes(6).toString("hex")
  const password = `fake-password-${tag}`
  const json = (value: object) => ({ string: JSON.stringify(value) })
  return new Map<string, DemoValue>([
    ["prod/stripe", { string: `sk_demo_fake_${tag}` }],
    [
      "prod/db",
      json({
        engine: "postgres",
        host: "db.example.invalid",
        port: 5432,
        username: "app_fake",
        password,
        options: { sslmode: "verify-full" },
      }),
    ],
    ["prod/webhook/signing", json({ current: `whsec_fake_${tag}`, "a key #1": "ünïcode ☃", empty: "" })],
    ["prod/keystore", { binary: randomBytes(48).toString("base64") }],
    ["staging/db", json({ username: "app_fake", password: `staging-${password}` })],
    ["restricted/root-ca", { string: `fake private key ${tag}` }],
  ])
}

/** What Parameter Store starts with. */
export function demoParameters(): Map<string, string> {
  const tag = randomBytes(6).toString("hex")
  return new Map([
    ["/prod/db/password", `fake-parameter-${tag}`],
    ["/prod/db/settings", JSON.stringify({ host: "db.example.invalid", port: 5432 })],
    ["/restricted/root-ca", `fake private key ${tag}`],
  ])
}

/** Scheduled for deletion from the start. */
export const deletedSecret = "prod/retired"

/** What the sandbox's own connection may do: read and browse, but not everything. */
export const demoPolicy: Policy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
      Resource: "arn:aws:secretsmanager:*:*:secret:*",
    },
    {
      Effect: "Allow",
      Action: ["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"],
      Resource: "*",
    },
    { Effect: "Allow", Action: "ssm:GetParameters", Resource: "arn:aws:ssm:*:*:parameter/*" },
    { Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
    { Effect: "Deny", Action: "ssm:*", Resource: "arn:aws:ssm:*:*:parameter/restricted/*" },
    {
      Effect: "Deny",
      Action: "secretsmanager:*",
      Resource: "arn:aws:secretsmanager:*:*:secret:restricted/*",
    },
  ],
}
