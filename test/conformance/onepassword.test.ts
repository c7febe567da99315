import { onepassword } from "../../core/providers/onepassword/index.ts"
import { startOnePassword } from "../../local/secret-managers/onepassword/server.ts"
import { describeProvider } from "./provider.ts"
import type { TestServer, Written } from "./subject.ts"
import { switchesOf } from "./switches.ts"

const oddNames = [
  "with space",
  "per%cent",
  "quest?ion",
  "ha#sh",
  "pl+us & co",
  'quo"te\\',
  "ünï cødé 🔑",
  "..",
  "%2e%2e",
  "co:lon;semi,=@",
  "abcdefghijklmnopqrstuvwxyz",
]

let servers = 0

async function start(): Promise<TestServer> {
  const server = await startOnePassword()
  const { admin } = server
  const number = ++servers
  const field = (id: string, label: string, value: string, section?: string) => ({
    id,
    label,
    type: "CONCEALED",
    value,
    ...(section === undefined ? {} : { section: { id: section } }),
  })

  const team = admin.createVault("Team Vault")
  const odd = admin.createVault('The "odd" & #1')
  const denied = admin.createVault("Not yours")
  const app = admin.createItem(team, {
    title: "App",
    sections: [{ id: "Section_1", label: "Admin area" }],
    fields: [
      field("password", "password", `value-canary-${number}`),
      field("empty", "nothing yet", ""),
      field("f1", "ünï/cødé 🔑", "named by its id"),
      field("f2", "pass word?", "in a section", "Section_1"),
      field("f3", "config", '{"n":[1,"x"]}'),
    ],
  })
  const others: Written[] = oddNames.map((name) => {
    const value = `value of ${name} ${number}`
    admin.createItem(odd, { title: name, fields: [field("value", name, value)] })
    return { path: `op://The "odd" & #1/${name}/${name}`, value }
  })
  const slashed = admin.createItem(odd, { title: "a/b", fields: [field("value", "c/d", "behind slashes")] })
  const file = Buffer.from([0, 255, 254, 13, 10, 128])
  admin.attachFile(app, { name: "key.p12", content: file })
  const gone = admin.createItem(team, { title: "Gone", fields: [field("password", "password", "was here")] })
  admin.updateItem(gone, { state: "ARCHIVED" })
  const secret = admin.createItem(denied, { title: "Secret", fields: [field("password", "password", "no")] })
  const large = admin.createVault("Many")
  const many = Array.from({ length: 250 }, (_, i) => `item ${i}`)
  for (const title of many) admin.createItem(large, { title })
  const token = admin.createToken([team, odd, large])
  const wrong = `${token.slice(0, -8)}wrongone`

  return {
    url: server.url,
    config: (url) => ({ url, token }),
    wrongConfig: (url) => ({ url, token: wrong }),
    siblings: [
      { path: "op://Team Vault/App/password", value: `value-canary-${number}` },
      { path: "op://Team Vault/App/nothing yet", value: "" },
      { path: "op://Team Vault/App/f1", value: "named by its id" },
      { path: "op://Team Vault/App/Admin area/pass word?", value: "in a section" },
      { path: "op://Team Vault/App/config", options: { pointer: "/n/1" }, value: "x" },
    ],
    others: [
      ...others,
      { path: `op://The "odd" & #1/${slashed}/value`, value: "behind slashes" },
      // By ids, which is not how browsing names it: it looks for what has no options.
      { path: `op://${team}/${app}/password`, options: {}, value: `value-canary-${number}` },
    ],
    missing: "op://Team Vault/Nothing/password",
    denied: `op://${denied}/${secret}/password`,
    deleted: "op://Team Vault/Gone/password",
    malformed: [
      { path: "op://Team Vault/App" },
      { path: "Team Vault/App/password" },
      { path: "op://Team Vault/App/password", options: { attribute: "size?" } },
    ],
    unsupported: [
      { path: "op://Team Vault/App/key.p12" },
      { path: "op://Team Vault/App/password", options: { pointer: "/x" } },
    ],
    switches: switchesOf(server.faults, { status: 429 }),
    binary: {
      path: "op://Team Vault/App/key.p12",
      options: { encoding: "base64" },
      value: file.toString("base64"),
    },
    browsing: {
      config: (url) => ({ url, token }),
      long: { prefix: "op://Many/", names: many },
      denied: `op://${denied}/`,
    },
    credentials: [token, wrong],
    stop: () => server.stop(),
  }
}

describeProvider({
  provider: onepassword,
  name: "the sandbox's Connect server",
  start,
  cannot: {
    seal: "a Connect server has no seal",
    wrongEngine: "1Password has one kind of vault",
    expireSessions: "a Connect token is no session: where it ends an admin puts in another",
  },
  isRead: ({ path }) => /\/items\/[^/?]+/.test(path),
  throttled: {
    status: 429,
    headers: { "content-type": "application/json" },
    body: '{"status":429,"message":"Too many requests"}',
  },
  environment: {
    OP_CONNECT_HOST: "https://connect.environment.example",
    OP_CONNECT_TOKEN: "environment-token",
    OP_SERVICE_ACCOUNT_TOKEN: "ops_environment",
    OP_VAULT: "environment-vault",
    HTTP_PROXY: "http://127.0.0.1:9/environment",
    HTTPS_PROXY: "http://127.0.0.1:9/environment",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  },
})
