import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import { conjur } from "../../core/providers/conjur/index.ts"
import {
  type ConjurOptions,
  type ConjurServer,
  startConjur,
} from "../../local/secret-managers/conjur/server.ts"
import { describeProvider } from "./provider.ts"
import type { Subject, TestServer } from "./subject.ts"
import { switchesOf } from "./switches.ts"

const conjurSubject = {
  provider: conjur,
  isRead: ({ path }) => /\/secrets[/?]/.test(path),
  // Conjur has no limit of its own; a gateway before it does.
  throttled: {
    status: 429,
    headers: { "content-type": "application/json" },
    body: '{"message":"Too Many Requests"}',
  },
  environment: {
    CONJUR_APPLIANCE_URL: "https://conjur.environment.example",
    CONJUR_ACCOUNT: "environment-account",
    CONJUR_AUTHN_LOGIN: "host/environment-login",
    CONJUR_AUTHN_API_KEY: "environment-api-key",
    CONJUR_AUTHN_TOKEN: "environment-token",
    CONJUR_AUTHN_TOKEN_FILE: "/environment/token",
    CONJUR_AUTHN_JWT_SERVICE_ID: "environment-service",
    CONJUR_SSL_CERTIFICATE: "environment-certificate",
    CONJUR_CERT_FILE: "/environment/ca.pem",
    HTTP_PROXY: "http://127.0.0.1:9/environment",
    HTTPS_PROXY: "http://127.0.0.1:9/environment",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  },
  cannot: {
    deleted: "Conjur forgets what a policy removes",
    seal: "Conjur has no seal; its data key is there from the start",
    wrongEngine: "Conjur has one kind of secret",
    deniedBrowse: "Conjur lists what a login may see, and denies no list",
  },
} satisfies Partial<Subject>

const oddIds = [
  "with space",
  "per%cent",
  "quest?ion",
  "ha#sh",
  "pl+us",
  "ünï/cødé/🔑",
  "a&#x2F;b",
  "%2e%2e",
  "co:lon;semi=@",
  "com,ma",
  'quo"te\\',
]

const many = Array.from({ length: 220 }, (_, i) => `variable-${100 + i}`)

let servers = 0

/** Fills a server. The login may read what the suite reads, see one variable more, and others not at all. */
function seed({ admin }: ConjurServer, loginId: string) {
  const number = ++servers
  const put = (id: string, ...values: (string | Buffer)[]) => {
    for (const value of values) admin.put(id, value)
    admin.permit(loginId, ["read", "execute"], id)
  }
  const document = { password: `value-canary-${number}`, empty: "", nested: { n: [1, "x"] } }
  put("data/app/config", "the version before", JSON.stringify(document))
  put("data/app/plain", `plain canary ${number}`)
  put("data/app/bytes", Buffer.from([0, 255, 254, 10, 13, 200]))
  for (const id of oddIds) put(`data/odd/${id}`, `value of ${id} ${number}`)
  for (const name of many) put(`data/many/${name}`, "one of many")
  admin.put("data/denied", "visible, not yours")
  admin.permit(loginId, ["read"], "data/denied")
  admin.put("data/hidden", "not even visible")

  return {
    siblings: [
      { path: "data/app/config", options: { pointer: "/password" }, value: document.password },
      { path: "data/app/config", options: { pointer: "/empty" }, value: "" },
      { path: "data/app/config", options: { pointer: "/nested" }, value: '{"n":[1,"x"]}' },
      { path: "data/app/config", value: JSON.stringify(document) },
    ],
    others: [
      ...oddIds.map((id) => ({ path: `data/odd/${id}`, value: `value of ${id} ${number}` })),
      { path: "data/app/plain", value: `plain canary ${number}` },
      { path: "data/app/config", options: { version: "1" }, value: "the version before" },
    ],
    binary: { path: "data/app/bytes", options: { encoding: "base64" }, value: "AP/+Cg3I" },
    missing: "data/nothing",
    denied: "data/denied",
    malformed: [
      { path: "data//app" },
      { path: "data/../app" },
      { path: "data/dynamic/app" },
      { path: "data/app", options: { version: "0" } },
    ],
    unsupported: [{ path: "data/app/bytes" }, { path: "data/app/plain", options: { pointer: "/x" } }],
  } satisfies Partial<TestServer>
}

async function start(options: ConjurOptions = {}): Promise<TestServer> {
  const server = await startConjur(options)
  const { loginId, apiKey } = server.admin.createLogin("host/data/conformance")
  const common = { organizationAccountName: server.admin.account, loginId }
  const wrong = `wrong-api-key-${servers}`
  return {
    ...seed(server, loginId),
    url: new URL(server.url).origin,
    config: (url) => ({ ...common, url: url + (options.basePath ?? ""), apiKey }),
    wrongConfig: (url) => ({ ...common, url: url + (options.basePath ?? ""), apiKey: wrong }),
    browsing: {
      config: (url) => ({ ...common, url: url + (options.basePath ?? ""), apiKey }),
      long: { prefix: "data/many/", names: many },
    },
    credentials: [apiKey, wrong],
    expireSessions: async () => server.admin.expireTokens(),
    switches: switchesOf(server.faults, { status: 429 }),
    stop: () => server.stop(),
  }
}

async function startJwt(): Promise<TestServer> {
  const server = await startConjur()
  const { loginId } = server.admin.createLogin("host/data/jwt-app")
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const publicKeys = [String(publicKey.export({ type: "spki", format: "pem" }))]
  const authenticator = { publicKeys, audience: "conjur", tokenAppProperty: "sub", identityPath: "data" }
  server.admin.enableJwt("team/latchkey", authenticator, [loginId])
  const sign = (audience: string) =>
    new SignJWT({ sub: "jwt-app", aud: audience })
      .setProtectedHeader({ alg: "ES256" })
      .setExpirationTime("1y")
      .sign(privateKey)
  const [jwt, wrong] = [await sign("conjur"), await sign("elsewhere")]
  const common = {
    organizationAccountName: server.admin.account,
    authMethod: "jwt",
    serviceId: "team/latchkey",
  }
  return {
    ...seed(server, loginId),
    url: server.url,
    config: (url) => ({ ...common, url, jwt }),
    wrongConfig: (url) => ({ ...common, url, jwt: wrong }),
    browsing: { config: (url) => ({ ...common, url, jwt }), long: { prefix: "data/many/", names: many } },
    credentials: [jwt, wrong],
    expireSessions: async () => server.admin.expireTokens(),
    switches: switchesOf(server.faults, { status: 429 }),
    stop: () => server.stop(),
  }
}

describeProvider({ ...conjurSubject, name: "the sandbox, by API key", start: () => start() })

describeProvider({
  ...conjurSubject,
  name: "the sandbox, below a base path in another account",
  start: () => start({ basePath: "/api", account: "my-org" }),
})

describeProvider({ ...conjurSubject, name: "the sandbox, by JWT", start: startJwt })
