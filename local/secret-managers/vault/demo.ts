import { randomBytes } from "node:crypto"
import type { Json } from "../../../core/json.ts"

type Data = { [key: string]: Json }

/**
 * The secrets that the sandbox starts with, by the path their API has: realistic in shape, and obviously fake. Every call
 * gives other values, which is what a rotation writes.
 */
export function demoSecrets(): Map<string, Data> {
  const tag = randomBytes(6).toString("hex")
  const password = `fake-password-${tag}`
  return new Map<string, Data>([
    ["secret/data/app/api_key", { value: `sk-demo-fake-${tag}`, header: "X-Api-Key" }],
    [
      "secret/data/app/database",
      {
        username: "app_fake",
        password,
        port: 5432,
        tls: { mode: "verify-full", minVersion: "1.2" },
        connection: JSON.stringify({ host: "db.example.invalid", port: 5432, user: "app_fake", password }),
      },
    ],
    ["secret/data/app/tls", { certificate: pem("CERTIFICATE", 9), private_key: pem("PRIVATE KEY", 6) }],
    ["secret/data/team a/smtp/ünïcode", { password: `${password} ☃`, empty: "" }],
    ["secret/data/restricted/root-ca", { private_key: pem("PRIVATE KEY", 6) }],
    [
      "kv/app/webhook",
      { url: "https://hooks.example.invalid/T000/B000", signing_secret: `whsec_fake_${tag}` },
    ],
    ["kv/legacy/ftp", { username: "ftp_fake", password: `fake-${tag}` }],
  ])
}

/** Armoured like the real thing, filled with noise: it parses as PEM and as nothing else. */
function pem(label: string, lines: number): string {
  const body = Array.from({ length: lines }, () => randomBytes(48).toString("base64"))
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ""].join("\n")
}

/** What the sandbox's own role may do: read and browse, but not everything, and with an engine that is not for reading. */
export const demoPolicy = `
path "secret/data/*"            { capabilities = ["read"] }
path "secret/subkeys/*"         { capabilities = ["read"] }
path "secret/metadata/*"        { capabilities = ["list"] }
path "secret/data/restricted/*" { capabilities = ["deny"] }
path "kv/*"                     { capabilities = ["read", "list"] }
path "database/creds/ro"        { capabilities = ["read"] }
`
