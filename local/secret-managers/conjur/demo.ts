import { randomBytes } from "node:crypto"

/**
 * The secrets that the sandbox starts with, by id: realistic in shape, and obviously fake. Every call gives other values,
 * which is what a rotation writes.
 */
export function demoSecrets(): Map<string, string | Buffer> {
  const tag = randomBytes(6).toString("hex")
  const password = `fake-password-${tag}`
  return new Map<string, string | Buffer>([
    ["data/app/api_key", `sk-demo-fake-${tag}`],
    ["data/app/database/username", "app_fake"],
    ["data/app/database/password", password],
    [
      "data/app/database/config",
      JSON.stringify({ host: "db.example.invalid", port: 5432, username: "app_fake", password }),
    ],
    ["data/app/tls/private_key", pem("PRIVATE KEY", 6)],
    ["data/app/keystore", randomBytes(300)],
    // Names as CyberArk's Synchronizer gives them to what it copies out of a safe.
    ["data/vault/Team Safe/SMTP ünïcode/password", `${password} ☃`],
    ["data/restricted/root_ca", pem("PRIVATE KEY", 6)],
    ["data/hidden/other_team", `fake-${tag}`],
  ])
}

/** What the sandbox's login may see but not read, and what it may not even see. */
export const restricted = "data/restricted/"
export const hidden = "data/hidden/"

/** Armoured like the real thing, filled with noise: it parses as PEM and as nothing else. */
function pem(label: string, lines: number): string {
  const body = Array.from({ length: lines }, () => randomBytes(48).toString("base64"))
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ""].join("\n")
}
