import * as z from "zod/mini"
import { regionField, roleArnField } from "../aws/config.ts"
import { caCertificateField, secretField, urlField } from "../config-fields.ts"
import { documentOf } from "./path.ts"

/** How a connection proves to Vault who it is. `approle` where nothing is said, as in Activepieces. */
export type VaultConfig = z.infer<ReturnType<typeof vaultConfig>>

export type VaultConfigOf<Method extends VaultConfig["authMethod"]> = Extract<
  VaultConfig,
  { authMethod: Method }
>

export function vaultConfig() {
  const everywhere = {
    // People know Vault's address with the beginning of its API: what they copy from examples has `/v1`.
    url: urlField({ api: "/v1" }),
    // It travels in a header. An empty one, as forms send it, is the root namespace.
    namespace: z.exactOptional(
      z
        .string()
        .check(
          z.maxLength(512),
          z.regex(/^[\x21-\x7e]*$/, "Must be visible ASCII characters without spaces."),
        ),
    ),
    probePath: z.exactOptional(
      z
        .string()
        .check(
          z.maxLength(2048),
          z.refine(isDocument, "Must be the path of a secret: `mount/data/path` or `mount/path`."),
        ),
    ),
    caCertificate: z.exactOptional(caCertificateField()),
  }
  const mounted = {
    ...everywhere,
    authMount: z.exactOptional(
      z
        .string()
        .check(
          z.maxLength(512),
          z.refine(isMount, "Must be a mount's path below `auth/`, such as `approle`."),
        ),
    ),
  }
  const role = z.string().check(z.minLength(1), z.maxLength(512))
  return z.discriminatedUnion("authMethod", [
    z.strictObject({
      ...mounted,
      authMethod: z._default(z.literal("approle"), "approle"),
      roleId: z.string().check(z.minLength(1), z.maxLength(4096)),
      secretId: z.exactOptional(secretField()),
    }),
    z.strictObject({ ...everywhere, authMethod: z.literal("token"), token: secretField() }),
    z.strictObject({
      ...mounted,
      authMethod: z.literal("userpass"),
      username: z.string().check(
        z.maxLength(512),
        z.refine((name) => isMount(name) && !name.includes("/"), "Must be a user's name, without a slash."),
      ),
      // It travels in JSON, so it may be any text.
      password: secretField({
        pattern: /^\P{Cc}+$/u,
        expected: "Must be text without line breaks and other control characters.",
      }),
    }),
    z.strictObject({
      ...mounted,
      authMethod: z.literal("jwt"),
      role,
      jwt: secretField({
        maxLength: 16 * 1024,
        pattern: /^[\w-]+\.[\w-]+\.[\w-]+$/,
        expected: "Must be a signed JWT: three parts of base64url with dots between.",
      }),
    }),
    z
      .strictObject({
        ...mounted,
        authMethod: z.literal("aws"),
        role,
        region: z.exactOptional(regionField()),
        // Either Latchkey assumes this role by credentials of its own, and signs with those of the role, ...
        roleArn: z.exactOptional(roleArnField()),
        // ... or it signs with these.
        accessKeyId: z.exactOptional(
          z.string().check(z.regex(/^[A-Z0-9]{16,128}$/, "Must be an access key id, such as `AKIA…`.")),
        ),
        secretAccessKey: z.exactOptional(secretField()),
        sessionToken: z.exactOptional(secretField({ maxLength: 16 * 1024 })),
      })
      .check(({ value, issues }) => {
        const given = keyFields.filter((name) => value[name] !== undefined)
        if (value.roleArn === undefined) {
          for (const name of ["accessKeyId", "secretAccessKey"] as const) {
            const message = "is required, unless `roleArn` is given"
            if (!given.includes(name)) issues.push({ code: "custom", input: value, path: [name], message })
          }
        } else if (given.length > 0) {
          // As where they belong to another method, so that they fall away where an update brings a role.
          issues.push({ code: "unrecognized_keys", input: value, keys: given })
        }
      }),
  ])
}

const keyFields = ["accessKeyId", "secretAccessKey", "sessionToken"] as const

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
