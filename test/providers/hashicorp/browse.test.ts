import { describe, expect, test } from "vitest"
import { deep, type Scripted } from "../deps.ts"
import { byToken, data, errors, kv2, login, mount, type Script, vaultWith } from "./vault-script.ts"

const list = (...keys: string[]): Scripted => data({ keys })
const subkeys = (...keys: string[]): Scripted =>
  data({ metadata: { version: 1 }, subkeys: Object.fromEntries(keys.map((key) => [key, null])) })

const appMount = { "GET sys/internal/ui/mounts/secret/data/app": mount("secret/", "2") }

/** KV version 2 at `secret/`, and what Vault answers below `app`. */
const inApp = (answers: { list?: Scripted; subkeys?: Scripted; read?: Scripted }, config?: object) =>
  vaultWith(
    {
      ...appMount,
      ...(answers.list && { "GET secret/metadata/app/?list=true": answers.list }),
      ...(answers.subkeys && { "GET secret/subkeys/app?depth=1": answers.subkeys }),
      ...(answers.read && { "GET secret/data/app": answers.read }),
    },
    config,
  )

describe("the root", () => {
  test("is the KV mounts that the token can reach, named as paths begin", async () => {
    const vault = vaultWith({
      "GET sys/internal/ui/mounts": data({
        auth: { "token/": { type: "token" } },
        secret: {
          "secret/": { type: "kv", options: { version: "2" } },
          "old/": { type: "kv", options: null },
          "team/my kv/": { type: "kv", options: { version: "2" } },
          "database/": { type: "database", options: null },
          "cubbyhole/": { type: "cubbyhole" },
          "sys/": { type: "kv", options: { version: "1" } },
        },
      }),
    })
    expect(await vault.browse("")).toEqual(["old/", "secret/data/", "team/my kv/data/"])
    expect(vault.paths()).toEqual(["POST auth/approle/login", "GET sys/internal/ui/mounts"])
  })

  test("is empty where the token can reach none", async () => {
    const vault = vaultWith({ "GET sys/internal/ui/mounts": data({ auth: {}, secret: {} }) })
    expect(await vault.browse("")).toEqual([])
  })

  test.each([
    ["an empty answer, as Vault gives it", data({ auth: {}, secret: {} })],
    ["403, as OpenBao gives it", errors(403)],
  ])(
    "is asked for again with a new token where the one before is no longer accepted: %s",
    async (_, refusal) => {
      const mounts = { "kv/": { type: "kv", options: null } }
      let logins = 0
      const vault = vaultWith({
        "POST auth/approle/login": () => login(`s.${++logins}`),
        "GET auth/token/lookup-self": (token) => (token === "s.1" ? errors(403) : data({})),
        "GET sys/internal/ui/mounts": (token) => (token === "s.1" ? refusal : data({ secret: mounts })),
      })
      expect(await vault.browse("")).toEqual(["kv/"])
      expect(vault.deps.sessions.logins).toBe(2)
    },
  )

  test("says that Vault is sealed", async () => {
    const vault = vaultWith({ "GET sys/internal/ui/mounts": errors(503) }, byToken)
    expect(await vault.browse("")).toBe("SEALED")
  })
})

describe("a folder", () => {
  test("has folders and the keys of the secret of that name, read without values", async () => {
    const vault = inApp({ list: list("both", "both/", "deep/", "leaf"), subkeys: subkeys("user", "pass") })
    expect(await vault.browse("secret/data/app/")).toEqual([
      "secret/data/app/both/",
      "secret/data/app/deep/",
      "secret/data/app/leaf/",
      "secret/data/app/user",
      "secret/data/app/pass",
    ])
    expect(vault.paths()).not.toContain("GET secret/data/app")
  })

  test("may be written without the slash", async () => {
    expect(await inApp({ subkeys: subkeys("k") }).browse("secret/data/app")).toEqual(["secret/data/app/k"])
  })

  test("may be only that, or only a secret", async () => {
    expect(await inApp({ list: list("a") }).browse("secret/data/app/")).toEqual(["secret/data/app/a/"])
    expect(await inApp({ subkeys: subkeys("k") }).browse("secret/data/app/")).toEqual(["secret/data/app/k"])
  })

  test.each([
    ["a policy does not grant subkeys", errors(403)],
    ["Vault is too old for them", { status: 404, body: { errors: [], warnings: ["Invalid path"] } }],
  ])("is read where %s, and shows no value", async (_, answer) => {
    const vault = inApp({ subkeys: answer, read: kv2({ key: "value-canary" }) })
    expect(await vault.browse("secret/data/app/")).toEqual(["secret/data/app/key"])
  })

  test("shows what is granted of it", async () => {
    const unlisted = inApp({ list: errors(403), subkeys: subkeys("k") })
    expect(await unlisted.browse("secret/data/app/")).toEqual(["secret/data/app/k"])
    const unread = inApp({ list: list("a"), subkeys: errors(403), read: errors(403) })
    expect(await unread.browse("secret/data/app/")).toEqual(["secret/data/app/a/"])
  })

  test("leaves out keys that no path can name", async () => {
    const vault = inApp({ subkeys: subkeys("a/b", "", "with space") })
    expect(await vault.browse("secret/data/app/")).toEqual(["secret/data/app/with space"])
  })

  test("of a mount without `data` is that with it", async () => {
    const script: Script = {
      "GET sys/internal/ui/mounts/secret": mount("secret/", "2"),
      "GET secret/metadata/?list=true": list("app"),
    }
    expect(await vaultWith(script).browse("secret/")).toEqual(["secret/data/app/"])
  })

  test("of KV version 1 is listed and read by the same path", async () => {
    const vault = vaultWith({
      "GET sys/internal/ui/mounts/old/my%20app": mount("old/", null),
      "GET old/my%20app/?list=true": list("x"),
      "GET old/my%20app": data({ key: "value-canary" }),
    })
    expect(await vault.browse("old/my app/")).toEqual(["old/my app/x/", "old/my app/key"])
  })

  test("does not ask for a mount that the session knows", async () => {
    const vault = inApp({ subkeys: subkeys("k") })
    await vault.browse("secret/data/app/")
    await vault.browse("secret/data/app/")
    expect(vault.paths().filter((line) => line.includes("ui/mounts"))).toHaveLength(1)
  })

  test("has no names that are no text, however deep they nest", async () => {
    const answer = { status: 200, body: `{"data":{"keys":["b/",1,null,${deep},"a"]}}` }
    expect(await inApp({ list: answer }).browse("secret/data/app/")).toEqual([
      "secret/data/app/b/",
      "secret/data/app/a/",
    ])
  })

  test("comes in pages where it is long", async () => {
    const names = Array.from({ length: 250 }, (_, i) => `name-${1000 + i}`)
    const vault = inApp({ list: list(...names) })
    const pages = await Promise.all(
      [undefined, "100", "200"].map((cursor) => vault.browse("secret/data/app/", cursor)),
    )
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 50])
    expect(pages.flat()).toEqual(names.map((name) => `secret/data/app/${name}/`))
    expect(await vault.browse("secret/data/app/", "-1")).toBe("INVALID_PATH")
  })
})

describe("what cannot be listed", () => {
  test("is told apart", async () => {
    const denied = { list: errors(403), subkeys: errors(403), read: errors(403) }
    const deleted = { status: 404, body: { data: { metadata: { deletion_time: "2026-01-01T00:00:00Z" } } } }
    expect(await inApp({}).browse("secret/data/app/")).toBe("NOT_FOUND")
    expect(await inApp(denied).browse("secret/data/app/")).toBe("PERMISSION_DENIED")
    expect(await inApp({ subkeys: deleted }).browse("secret/data/app/")).toBe("DELETED")
    expect(await inApp({ list: errors(503) }).browse("secret/data/app/")).toBe("SEALED")
  })

  test("is a mount that is forbidden, is no KV, or is written for the other version", async () => {
    const vault = vaultWith({
      "GET sys/internal/ui/mounts/none": errors(403),
      "GET sys/internal/ui/mounts/database": mount("database/", null, "database"),
      "GET sys/internal/ui/mounts/secret/app": mount("secret/", "2"),
    })
    expect(await vault.browse("none/")).toBe("PERMISSION_DENIED")
    expect(await vault.browse("database/")).toBe("WRONG_ENGINE")
    expect(await vault.browse("secret/app/")).toBe("WRONG_ENGINE")
  })

  test("is a mount whose root is forbidden; an empty one is empty", async () => {
    const root = { "GET sys/internal/ui/mounts/secret/data": mount("secret/", "2") }
    const forbidden = vaultWith({ ...root, "GET secret/metadata/?list=true": errors(403) })
    expect(await forbidden.browse("secret/data/")).toBe("PERMISSION_DENIED")
    expect(await vaultWith(root).browse("secret/data/")).toEqual([])
  })

  test.each([
    "/",
    "sys/",
    "auth/token/",
    "cubbyhole/x/",
    "secret//",
    "secret/data/../x/",
    "a\n/",
    "identity",
  ])("is %j, and nothing is sent for it but a login", async (prefix) => {
    const vault = vaultWith({})
    expect(await vault.browse(prefix)).toBe("INVALID_PATH")
    expect(vault.paths().filter((line) => !line.includes("login"))).toEqual([])
  })
})

test("a session that Vault no longer accepts is renewed once, a denial is not", async () => {
  let logins = 0
  const vault = vaultWith({
    ...appMount,
    "POST auth/approle/login": () => login(`s.${++logins}`),
    "GET auth/token/lookup-self": (token) => (token === "s.1" ? errors(403) : data({})),
    "GET secret/metadata/app/?list=true": (token) => (token === "s.1" ? errors(403) : list("a")),
    "GET secret/subkeys/app?depth=1": errors(403),
    "GET secret/data/app": errors(403),
    "GET sys/internal/ui/mounts/secret/data/denied": mount("secret/", "2"),
    "GET secret/metadata/denied/?list=true": errors(403),
  })
  expect(await vault.browse("secret/data/app/")).toEqual(["secret/data/app/a/"])
  expect(await vault.browse("secret/data/denied/")).toBe("PERMISSION_DENIED")
  expect(vault.deps.sessions.logins).toBe(2)
})
