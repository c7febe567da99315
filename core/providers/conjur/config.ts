import * as z from "zod/mini"
import { caCertificateField, secretField, urlField } from "../config-fields.ts"
import type { ConfigField } from "../provider.ts"

/** How a connection proves to Conjur who it is. By API key where nothing is said, as in Activepieces. */
export type ConjurConfig = z.infer<ReturnType<typeof conjurConfig>>

export function conjurConfig() {
  const everywhere = {
    url: urlField(),
    organizationAccountName: segmentField(
      256,
      /^[^/?:,\s]+$/,
      "Must be the name of an account, without slash and colon.",
    ),
    caCertificate: z.exactOptional(caCertificateField()),
  }
  const login = () => segmentField(1024, /^.+$/u, "Must be a login, such as `host/data/latchkey`.")
  return z.discriminatedUnion("authMethod", [
    z.strictObject({
      ...everywhere,
      authMethod: z._default(z.literal("api-key"), "api-key"),
      loginId: login(),
      apiKey: secretField(),
    }),
    z.strictObject({
      ...everywhere,
      authMethod: z.literal("jwt"),
      serviceId: segmentField(512, /^[^\s:]+$/, "Must be the id of a JWT authenticator, such as `latchkey`."),
      loginId: z.exactOptional(login()),
      jwt: secretField({ maxLength: 16 * 1024 }),
    }),
  ])
}

export const fields: readonly ConfigField[] = [
  {
    name: "url",
    displayName: "URL",
    description:
      "Address of Conjur or of the load balancer before its followers. Conjur Cloud's ends in `/api`.",
    placeholder: "https://example.secretsmgr.cyberark.cloud/api",
    type: "url",
    optional: false,
    destination: true,
  },
  {
    name: "organizationAccountName",
    displayName: "Organization account name",
    description: "The account that holds the variables. In Conjur Cloud it is always `conjur`.",
    placeholder: "conjur",
    type: "text",
    optional: false,
    destination: true,
  },
  {
    name: "authMethod",
    displayName: "Auth method",
    description: "How Latchkey logs in. By API key where nothing is chosen.",
    placeholder: "api-key",
    type: "select",
    optional: true,
    options: [
      { value: "api-key", label: "API key" },
      { value: "jwt", label: "JWT" },
    ],
    destination: true,
  },
  {
    name: "loginId",
    displayName: "Login ID",
    description:
      "The host's id after `host/`, or a user's name. Needed with an API key; with a JWT only where the token does not name the host.",
    placeholder: "host/data/latchkey",
    type: "text",
    optional: true,
    // An API key belongs to one login: kept beside another's it could only be tried out there.
    destination: true,
  },
  {
    name: "apiKey",
    displayName: "API key",
    description: "API key: the one of that login, as it was shown when the host was made or rotated.",
    placeholder: "3w1k7d…",
    type: "password",
    optional: true,
  },
  {
    name: "serviceId",
    displayName: "Service ID",
    description: "JWT: the id of the authenticator, which is what follows `conjur/authn-jwt/` in its policy.",
    placeholder: "latchkey",
    type: "text",
    optional: true,
    destination: true,
  },
  {
    name: "jwt",
    displayName: "JWT",
    description:
      "JWT: a token that the authenticator accepts. Latchkey does not renew it, so it must live as long as the connection.",
    placeholder: "eyJhbGciOiJSUzI1NiIs…",
    type: "password",
    optional: true,
  },
  {
    name: "caCertificate",
    displayName: "CA certificate",
    description:
      "PEM of the CA that signed the server's certificate, if it is a private one. Trusted instead of the public ones.",
    placeholder: "-----BEGIN CERTIFICATE-----",
    type: "text",
    optional: true,
    destination: true,
  },
]

/** What becomes one segment of a URL, encoded: there it could be read as none or as a step up. */
function segmentField(maxLength: number, pattern: RegExp, message: string) {
  return z.string().check(
    z.minLength(1),
    z.maxLength(maxLength),
    z.regex(pattern, message),
    z.refine(
      (text) => !/[\p{Cc}\p{Cs}]/u.test(text) && !text.split("/").some((part) => /^\.{0,2}$/.test(part)),
      "Must have no control characters, no empty parts and no dots alone between slashes.",
    ),
  )
}
