import * as z from "zod/mini"
import { caCertificateField, secretField, urlField } from "../config-fields.ts"
import type { ConfigField } from "../provider.ts"

/** A Connect server, or a service account of 1Password itself. */
export type OnePasswordConfig = z.infer<ReturnType<typeof onePasswordConfig>>

export function onePasswordConfig() {
  return z.union([
    z.strictObject({
      url: urlField({ api: "/v1" }),
      // A JWT. It travels in a header.
      token: secretField(),
      caCertificate: z.exactOptional(caCertificateField()),
    }),
    z.strictObject({
      // Base64 of JSON. Whose servers it names is looked at where it is used: that they are not 1Password's is a finding
      // of a test, as an address that may not be called is.
      serviceAccountToken: secretField({ maxLength: 8192, pattern: /^ops_[A-Za-z0-9_+/=-]+$/ }),
    }),
  ])
}

export const fields: readonly ConfigField[] = [
  {
    name: "url",
    displayName: "Connect server URL",
    description: "Connect: address of the Connect server. A base path is kept; `/v1` at its end is dropped.",
    placeholder: "https://connect.example.com",
    type: "url",
    optional: true,
    destination: true,
  },
  {
    name: "token",
    displayName: "Connect token",
    description: "Connect: an access token of the server, for the vaults that Latchkey may read.",
    placeholder: "eyJhbGciOiJFUzI1NiIs…",
    type: "password",
    optional: true,
  },
  {
    name: "caCertificate",
    displayName: "CA certificate",
    description:
      "Connect: PEM of the CA that signed the server's certificate, if it is a private one. Trusted instead of the public ones.",
    placeholder: "-----BEGIN CERTIFICATE-----",
    type: "text",
    optional: true,
    destination: true,
  },
  {
    name: "serviceAccountToken",
    displayName: "Service account token",
    description: "Instead of Connect: the token of a service account that may read the vaults.",
    placeholder: "ops_eyJzaWduSW5BZGRyZXNzIjoi…",
    type: "password",
    optional: true,
  },
]
