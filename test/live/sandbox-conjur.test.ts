import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ConjurServer, startConjur } from "../../local/secret-managers/conjur/server.ts"
import { runScript } from "./script.ts"

const path = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
const fixture = (name: string) => readFileSync(path(name), "utf8")

const variables = {
  plain: "data/app/plain",
  odd: "data/My Safe/ünï+cødé/100%",
  binary: "data/app/binary",
  empty: "data/app/empty",
  visible: "data/app/visible",
  hidden: "data/app/hidden",
}

function seed({ admin }: ConjurServer) {
  const { loginId: login, apiKey } = admin.createLogin("host/data/conjur-api")
  admin.createGroup("readers")
  admin.grant("readers", login)
  admin.put(variables.plain, "the value before")
  admin.put(variables.plain, "a plain value")
  admin.put(variables.odd, "☃ odd")
  admin.put(variables.binary, Buffer.from([0, 255, 254, 10]))
  admin.put(variables.visible, "not to be read")
  admin.put(variables.hidden, "not to be seen")
  for (const id of [variables.plain, variables.odd, variables.binary, variables.empty]) {
    admin.put(id)
    admin.permit("group:readers", ["read", "execute"], id)
  }
  admin.permit(login, ["read"], variables.visible)
  const password = "Fake-Password-1!"
  const user = admin.createLogin("alice", { password })
  admin.permit("alice", ["read", "update"], variables.plain)
  return { login, apiKey, user: user.loginId, userApiKey: user.apiKey, password }
}

// Where the API is must not matter: at the root as in Conjur Open Source, or below a base path as in Conjur Cloud.
describe.each(["", "/api"])("the sandbox's Conjur at %j", (basePath) => {
  let server: ConjurServer

  beforeAll(async () => {
    const tls = { cert: fixture("localhost.pem"), key: fixture("leaf.key") }
    server = await startConjur({ basePath, tls })
  })
  afterAll(() => server?.stop())

  test("works with conjur-api, unchanged", async () => {
    const url = server.url.replace("127.0.0.1", "localhost")
    const given = { url, account: server.admin.account, ca: path("ca.pem"), variables, ...seed(server) }
    expect(await runScript("conjur_api_client.py", given)).toEqual([
      "authenticated by API key",
      "one secret",
      "versions",
      "many secrets",
      "all or nothing",
      "missing, hidden, forbidden",
      "lists",
      "privileges",
      "roles",
      "wrong credentials",
      "logged in by password, written",
    ])
  })
})
