import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ConjurServer, startConjur } from "../../local/secret-managers/conjur/server.ts"
import { tool } from "./tools.ts"

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
    const script = fileURLToPath(new URL("conjur_api_client.py", import.meta.url))
    const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), [script], { env: {} })
    child.stdin.end(JSON.stringify(given))
    const [printed, complaints, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ])
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
    expect(printed.trim().split("\n")).toEqual([
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
