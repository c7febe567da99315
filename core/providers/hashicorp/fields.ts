import type { ConfigField } from "../provider.ts"

const text = (field: Omit<ConfigField, "type" | "optional">): ConfigField => ({
  ...field,
  type: "text",
  optional: true,
})
const password = (field: Omit<ConfigField, "type" | "optional">): ConfigField => ({
  ...field,
  type: "password",
  optional: true,
})

/** What the form shows. Whatever belongs to one auth method is optional in it; the schema knows which goes with which. */
export const fields: readonly ConfigField[] = [
  {
    name: "url",
    displayName: "URL",
    description:
      "Address of the active node or the load balancer before the cluster. A base path is kept; `/v1` at its end is dropped.",
    placeholder: "https://vault.example.com:8200",
    type: "url",
    optional: false,
    destination: true,
  },
  text({
    name: "namespace",
    displayName: "Namespace",
    description:
      "For Vault Enterprise, HCP and OpenBao: the namespace that holds the auth method and the secrets.",
    placeholder: "admin/team",
    destination: true,
  }),
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
      { value: "userpass", label: "Username and password" },
      { value: "jwt", label: "JWT" },
      { value: "aws", label: "AWS" },
    ],
    destination: true,
  },
  text({
    name: "authMount",
    displayName: "Auth mount",
    description:
      "Where the auth method is mounted, below `auth/`, if not at its own name. Not used with Token.",
    placeholder: "approle",
    destination: true,
  }),
  // Whose credential it is decides what it opens: kept beside another role or user it could be tried out there.
  text({
    name: "roleId",
    displayName: "Role ID",
    description:
      "AppRole: the role's id (`vault read auth/approle/role/latchkey/role-id`). Needed for AppRole.",
    placeholder: "db02de05-fa39-4855-059b-67221c5c2f63",
    destination: true,
  }),
  password({
    name: "secretId",
    displayName: "Secret ID",
    description: "AppRole: a secret id of the role, unless the role binds none (`bind_secret_id=false`).",
    placeholder: "6a174c20-f6de-a53c-74d2-6018fcceff64",
  }),
  password({
    name: "token",
    displayName: "Token",
    description: "Token: one that lives as long as the connection shall work; Latchkey does not renew it.",
    placeholder: "hvs.…",
  }),
  text({
    name: "username",
    displayName: "Username",
    description: "Username and password: the user's name.",
    placeholder: "latchkey",
    destination: true,
  }),
  password({
    name: "password",
    displayName: "Password",
    description: "Username and password: the user's password.",
    placeholder: "••••••••",
  }),
  text({
    name: "role",
    displayName: "Role",
    description: "JWT and AWS: the auth method's role to log in to.",
    placeholder: "latchkey",
    destination: true,
  }),
  password({
    name: "jwt",
    displayName: "JWT",
    description: "JWT: one that the role accepts for as long as the connection shall work.",
    placeholder: "eyJhbGciOi…",
  }),
  text({
    name: "region",
    displayName: "AWS region",
    description:
      "AWS: where Vault asks STS, if its `sts_endpoint` is a regional one. Left out: the global endpoint.",
    placeholder: "eu-central-1",
    destination: true,
  }),
  text({
    name: "roleArn",
    displayName: "AWS role ARN",
    description:
      "AWS: a role that trusts Latchkey with the external id that is shown for AWS Secrets Manager. Preferred; without it, an access key is needed.",
    placeholder: "arn:aws:iam::123456789012:role/latchkey",
    destination: true,
  }),
  text({
    name: "accessKeyId",
    displayName: "Access key ID",
    description: "AWS: of the IAM user, or the temporary credentials, that the role binds.",
    placeholder: "AKIAIOSFODNN7EXAMPLE",
    destination: true,
  }),
  password({
    name: "secretAccessKey",
    displayName: "Secret access key",
    description: "AWS: it signs the proof of identity and is never sent.",
    placeholder: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  }),
  password({
    name: "sessionToken",
    displayName: "Session token",
    description: "AWS: of temporary credentials; they end within hours, and the connection with them.",
    placeholder: "IQoJb3JpZ2luX2Vj…",
  }),
  text({
    name: "probePath",
    displayName: "Probe path",
    description: "A secret, with or without its key, that testing the connection shall read.",
    placeholder: "secret/data/latchkey/probe",
  }),
  text({
    name: "caCertificate",
    displayName: "CA certificate",
    description:
      "PEM of the CA that signed the server's certificate, if it is a private one. Trusted instead of the public ones.",
    placeholder: "-----BEGIN CERTIFICATE-----",
    destination: true,
  }),
]
