import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import { hashicorp } from "../../core/providers/hashicorp/index.ts"
import type { Subject, TestServer } from "./subject.ts"

/** What is the same for every server that speaks Vault's protocol. */
export const vaultSubject = {
  provider: hashicorp,
  isRead: ({ path }) => !/^\/v1\/(?:auth|sys)\//.test(path),
  throttled: {
    status: 429,
    headers: { "content-type": "application/json" },
    body: '{"errors":["request path: rate limit quota exceeded"]}',
  },
  environment: {
    VAULT_ADDR: "https://vault.environment.example",
    VAULT_TOKEN: "environment-token",
    VAULT_NAMESPACE: "environment-namespace",
    VAULT_PREFIX: "/environment-prefix",
    VAULT_SKIP_VERIFY: "true",
    VAULT_CACERT: "/environment/ca.pem",
    HTTP_PROXY: "http://127.0.0.1:9/environment",
    HTTPS_PROXY: "http://127.0.0.1:9/environment",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  },
} satisfies Partial<Subject>

type Call = (
  method: string,
  path: string,
  body?: unknown,
  namespace?: string,
) => Promise<Record<string, unknown>>

/** Speaks to a server's API as its operator does; any refusal is an error. */
export function operator({ url, rootToken }: { url: string; rootToken: string }, namespace?: string): Call {
  return async (method, path, body) => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { "X-Vault-Token": rootToken, ...(namespace ? { "X-Vault-Namespace": namespace } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === "" ? {} : JSON.parse(text)
  }
}

/** Not where an auth method is by default, so that nothing depends on that. */
const mountFor = (authMethod: string) => `team/${authMethod}`

const oddNames = [
  "with space",
  "per%cent",
  "quest?ion",
  "ha#sh",
  "pl+us",
  "ünï/cødé/🔑",
  "a&#x2F;b",
  "%2e%2e",
  "co:lon;semi,=@",
]

const policy = [
  "secret/data/app",
  "secret/data/gone",
  "secret/data/nothing",
  "secret/data/odd/*",
  "team/kv/data/*",
  "old/*",
  "db/*",
]
  .map((path) => `path "${path}" { capabilities = ["read"] }`)
  .join("\n")

/** With which names can be listed, too. Of `team/kv` the keys are only to be had with the values. */
const browsePolicy = `
path "secret/metadata/*" { capabilities = ["list"] }
path "secret/subkeys/app" { capabilities = ["read"] }
path "secret/subkeys/odd/*" { capabilities = ["read"] }
path "team/kv/metadata/*" { capabilities = ["list"] }
path "old/*" { capabilities = ["read", "list"] }
`
const many = Array.from({ length: 120 }, (_, i) => `secret-${100 + i}`)

let servers = 0

/**
 * Fills an empty server, and makes a role, or a token, that may read what the suite reads. `namespace` is made first, and
 * all is in it; in the root namespace KV version 2 is at `secret/` already.
 */
export async function seedVault(
  server: { url: string; rootToken: string },
  { namespace, authMethod = "approle" }: { namespace?: string; authMethod?: keyof typeof logins } = {},
): Promise<TestServer> {
  const call = operator(server, namespace)
  const number = ++servers
  if (namespace !== undefined) {
    await operator(server)("POST", `sys/namespaces/${namespace}`, {})
    await call("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } })
  }
  const { siblings, others } = await writeSecrets(call, number)
  await call("PUT", "sys/policies/acl/latchkey", { policy })
  await call("PUT", "sys/policies/acl/browse", { policy: browsePolicy })
  const login: LoginMaker = logins[authMethod]
  await login.enable?.(call)
  const { config, wrongConfig, credentials } = await login.make(call, "reader", ["latchkey"])
  const browser = await login.make(call, "browser", ["latchkey", "browse"])
  const where = (url: string) => ({ url, ...(namespace === undefined ? {} : { namespace }) })
  return {
    url: server.url,
    config: (url) => ({ ...where(url), ...config }),
    wrongConfig: (url) => ({ ...where(url), ...wrongConfig }),
    credentials: [...credentials, ...browser.credentials],
    siblings,
    others,
    missing: "secret/data/nothing/key",
    denied: "secret/data/denied/key",
    deleted: "secret/data/gone/key",
    malformed: [
      { path: "secret" },
      { path: "sys/mounts/secret" },
      { path: "secret/data/../app/key" },
      { path: "secret/data/app/key", options: { stage: "x" } },
    ],
    unsupported: [{ path: "secret/data/app/a key", options: { pointer: "/x" } }],
    wrongEngine: "db/creds/reader/password",
    browsing: {
      config: (url) => ({ ...where(url), ...browser.config }),
      long: { prefix: "secret/data/many/", names: many },
      denied: "secret/data/",
    },
    async expireSessions() {
      await call("POST", `sys/leases/revoke-prefix/auth/${mountFor(authMethod)}/login`)
    },
    async stop() {},
  }
}

async function writeSecrets(call: Call, number: number): Promise<Pick<TestServer, "siblings" | "others">> {
  await call("POST", "sys/mounts/old", { type: "kv", options: { version: "1" } })
  await call("POST", "sys/mounts/db", { type: "database" })
  await call("POST", "sys/mounts/team/kv", { type: "kv", options: { version: "2" } })

  const app = {
    password: `value-canary-${number}`,
    empty: "",
    "a key": "with a space",
    nested: { n: [1, "x"] },
  }
  await call("POST", "secret/data/app", { data: { ...app, password: "the version before" } })
  await call("POST", "secret/data/app", { data: app })
  for (const name of oddNames) {
    const path = name.split("/").map(encodeURIComponent).join("/")
    await call("POST", `secret/data/odd/${path}`, { data: { key: `value of ${name} ${number}` } })
  }
  await call("POST", "team/kv/data/deep/er", { data: { key: "behind two segments" } })
  await call("POST", "old/app", { key: "of KV version 1", number: 7 })
  await call("POST", "old/data/app", { key: "below data" })
  await call("POST", "secret/data/gone", { data: { key: "was here" } })
  await call("DELETE", "secret/data/gone")
  await call("POST", "secret/data/denied", { data: { key: "not yours" } })
  for (const name of many) await call("POST", `secret/data/many/${name}`, { data: { key: "one of many" } })

  return {
    siblings: [
      { path: "secret/data/app/password", value: app.password },
      { path: "secret/data/app/empty", value: "" },
      { path: "secret/data/app/a key", value: "with a space" },
      { path: "secret/data/app/nested", value: '{"n":[1,"x"]}' },
      { path: "secret/data/app/nested", options: { pointer: "/n/1" }, value: "x" },
    ],
    others: [
      ...oddNames.map((name) => ({
        path: `secret/data/odd/${name}/key`,
        value: `value of ${name} ${number}`,
      })),
      { path: "secret/data/app/password", options: { version: "1" }, value: "the version before" },
      { path: "team/kv/data/deep/er/key", value: "behind two segments" },
      { path: "old/app/key", value: "of KV version 1" },
      { path: "old/app/number", value: "7" },
      { path: "old/data/app/key", value: "below data" },
    ],
  }
}

interface Credentials {
  config: Record<string, unknown>
  wrongConfig: Record<string, unknown>
  credentials: readonly string[]
}

interface LoginMaker {
  /** Mounts the auth method. */
  enable?(call: Call): Promise<unknown>
  /** Makes someone who may log in and then has these policies. */
  make(call: Call, name: string, policies: readonly string[]): Promise<Credentials>
}

const enable = (type: string) => (call: Call) => call("POST", `sys/auth/${mountFor(type)}`, { type })
const tokenOf = (policies: readonly string[]) => ({ token_policies: policies, token_ttl: "1h" })

const jwtKeys = generateKeyPairSync("ec", { namedCurve: "P-256" })
const signed = (sub: string, aud: string) =>
  new SignJWT({ sub, aud })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuedAt()
    .setExpirationTime("1y")
    .sign(jwtKeys.privateKey)

/** By each auth method, who may read what the suite reads. */
const logins = {
  approle: {
    enable: enable("approle"),
    async make(call, name, policies) {
      const authMount = mountFor("approle")
      const role = `auth/${authMount}/role/${name}`
      await call("POST", role, tokenOf(policies))
      const roleId = field(await call("GET", `${role}/role-id`), "data", "role_id")
      const secretId = field(await call("POST", `${role}/secret-id`), "data", "secret_id")
      return {
        config: { authMount, roleId, secretId },
        wrongConfig: { authMount, roleId, secretId: "wrong-secret-id" },
        credentials: [roleId, secretId, "wrong-secret-id"],
      }
    },
  },

  token: {
    async make(call, _, policies) {
      const made = await call("POST", "auth/token/create", { policies })
      const token = field(made, "auth", "client_token")
      return {
        config: { authMethod: "token", token },
        wrongConfig: { authMethod: "token", token: "s.wrong-token" },
        credentials: [token, "s.wrong-token"],
      }
    },
  },

  userpass: {
    enable: enable("userpass"),
    async make(call, name, policies) {
      const authMount = mountFor("userpass")
      const password = `pässword canary of ${name}`
      await call("POST", `auth/${authMount}/users/${name}`, { ...tokenOf(policies), password })
      const user = { authMethod: "userpass", authMount, username: name }
      return {
        config: { ...user, password },
        wrongConfig: { ...user, password: "wrong password" },
        credentials: [password, "wrong password"],
      }
    },
  },

  jwt: {
    async enable(call) {
      await enable("jwt")(call)
      const pem = jwtKeys.publicKey.export({ type: "spki", format: "pem" })
      await call("POST", `auth/${mountFor("jwt")}/config`, { jwt_validation_pubkeys: [String(pem)] })
    },
    async make(call, name, policies) {
      const authMount = mountFor("jwt")
      const bound = { role_type: "jwt", user_claim: "sub", bound_audiences: ["vault"] }
      await call("POST", `auth/${authMount}/role/${name}`, { ...tokenOf(policies), ...bound })
      const [jwt, wrong] = [await signed(name, "vault"), await signed(name, "elsewhere")]
      const role = { authMethod: "jwt", authMount, role: name }
      return {
        config: { ...role, jwt },
        wrongConfig: { ...role, jwt: wrong },
        credentials: [jwt, wrong],
      }
    },
  },

  /** The sandbox alone can be told who holds which keys. */
  aws: {
    async enable(call) {
      await enable("aws")(call)
      await call("POST", `auth/${mountFor("aws")}/config/client`, {
        iam_server_id_header_value: "latchkey/acme",
      })
    },
    async make(call, name, policies) {
      const authMount = mountFor("aws")
      const arn = `arn:aws:iam::123456789012:user/${name}`
      const accessKeyId = `AKIAIOSF${name.toUpperCase().padEnd(12, "7")}`
      const secretAccessKey = `aws-key-canary/of+${name}`
      await call("POST", `auth/${authMount}/role/${name}`, {
        ...tokenOf(policies),
        auth_type: "iam",
        bound_iam_principal_arn: [arn],
      })
      await call("POST", `auth/${authMount}/sandbox/principal/${accessKeyId}`, {
        secret_access_key: secretAccessKey,
        arn,
      })
      const role = { authMethod: "aws", authMount, role: name, accessKeyId }
      return {
        config: { ...role, secretAccessKey },
        wrongConfig: { ...role, secretAccessKey: "wrong-aws-key" },
        credentials: [secretAccessKey, "wrong-aws-key"],
      }
    },
  },
} satisfies Record<string, LoginMaker>

/** A string in one of the objects of an answer. */
function field(answer: Record<string, unknown>, part: "data" | "auth", name: string): string {
  const value = (answer[part] as Record<string, unknown> | undefined)?.[name]
  if (typeof value !== "string") throw new Error(`No ${name} in the answer`)
  return value
}
