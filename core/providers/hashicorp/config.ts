import * as z from "zod"
import { caCertificateField, secretField, urlField } from "../config-fields.ts"
import type { ConfigField } from "../provider.ts"
import { documentOf } from "./path.ts"

/** How a connection proves to Vault who it is. `approle` where nothing is said, as in Activepieces. */
export type VaultConfig = z.infer<ReturnType<typeof vaultConfig>>

export function vaultConfig() {
  const everywhere = {
    url: urlField(),
    // It travels in a header. An empty one, as forms send it, is the root namespace.
    namespace: z
      .string()
      .max(512)
      .regex(/^[\x21-\x7e]*$/, "Must be visible ASCII characters without spaces.")
      .exactOptional(),
    probePath: z
      .string()
      .max(2048)
      .refine(isDocument, "Must be the path of a secret without its key: `mount/data/path` or `mount/path`.")
      .exactOptional(),
    caCertificate: caCertificateField().exactOptional(),
  }
  return z.discriminatedUnion("authMethod", [
    z.strictObject({
      ...everywhere,
      authMethod: z.literal("approle").default("approle"),
      roleId: z.string().min(1).max(4096),
      secretId: secretField().exactOptional(),
      authMount: z
        .string()
        .max(512)
        .refine(isMount, "Must be a mount's path below `auth/`, such as `approle`.")
        .exactOptional(),
    }),
    z.strictObject({ ...everywhere, authMethod: z.literal("token"), token: secretField() }),
  ])
}

export const fields: readonly ConfigField[] = [
  {
    name: "url",
    displayName: "URL",
    description: "Address of the active node or the load balancer before the cluster. A base path is kept.",
    placeholder: "https://vault.example.com:8200",
    type: "url",
    optional: false,
    destination: true,
  },
  {
    name: "namespace",
    displayName: "Namespace",
    description:
      "For Vault Enterprise, HCP and OpenBao: the namespace that holds the auth method and the secrets.",
    placeholder: "admin/team",
    type: "text",
    optional: true,
    destination: true,
  },
  {
    name: "authMethod",
    displayName: "Auth method",
    description: "How Latchkey logs in. AppRole where nothing is chosen.",
    placeholder: "approle",
    type: "select",
    optional: true,
    options: [
      { value: "approle", label: "AppRole" },
      { value: "token", label: "Token" },
    ],
    destination: true,
  },
  {
    name: "roleId",
    displayName: "Role ID",
    description:
      "AppRole: the role's id (`vault read auth/approle/role/latchkey/role-id`). Needed for AppRole.",
    placeholder: "db02de05-fa39-4855-059b-67221c5c2f63",
    type: "text",
    optional: true,
    // A secret id belongs to one role: kept beside another role's id it could only be tried out there.
    destination: true,
  },
  {
    name: "secretId",
    displayName: "Secret ID",
    description: "AppRole: a secret id of the role, unless the role binds none (`bind_secret_id=false`).",
    placeholder: "6a174c20-f6de-a53c-74d2-6018fcceff64",
    type: "password",
    optional: true,
  },
  {
    name: "authMount",
    displayName: "Auth mount",
    description: "AppRole: where the auth method is mounted, below `auth/`.",
    placeholder: "approle",
    type: "text",
    optional: true,
    destination: true,
  },
  {
    name: "token",
    displayName: "Token",
    description: "Token: one that lives as long as the connection shall work; Latchkey does not renew it.",
    placeholder: "hvs.…",
    type: "password",
    optional: true,
  },
  {
    name: "probePath",
    displayName: "Probe path",
    description: "A secret, without its key, that testing the connection shall read.",
    placeholder: "secret/data/latchkey/probe",
    type: "text",
    optional: true,
  },
  {
    name: "caCertificate",
    displayName: "CA certificate",
    description: "PEM of the CA that signed the server's certificate, if it is a private one.",
    placeholder: "-----BEGIN CERTIFICATE-----",
    type: "text",
    optional: true,
    destination: true,
  },
]

function isMount(text: string): boolean {
  return text
    .split("/")
    .every((segment) => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(segment) && !/^\.\.?$/.test(segment))
}

function isDocument(text: string): boolean {
  try {
    documentOf(text)
    return true
  } catch {
    return false
  }
}
