import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterEach, expect, test, vi } from "vitest"
import { connectWith, error, fullItem, ids, itemPath, ok, titled } from "./connect-script.ts"

afterEach(() => vi.unstubAllEnvs())

test("every request goes below the base path, with the connection's token and nothing from the environment", async () => {
  for (const name of ["OP_CONNECT_HOST", "OP_CONNECT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN", "HTTPS_PROXY"])
    vi.stubEnv(name, "https://environment.example")
  const { resolve, requests } = connectWith({})
  await resolve("op://V/I/password")
  expect(requests.map(({ method, url, headers }) => [method, url, headers])).toEqual(
    [
      "vaults?filter=title%20eq%20%22V%22",
      `vaults/${ids.vault}/items?filter=title%20eq%20%22I%22`,
      itemPath(),
    ].map((path) => [
      "GET",
      `https://connect.example/base/v1/${path}`,
      { Authorization: "Bearer token-canary", Accept: "application/json" },
    ]),
  )
})

test("a title is quoted for the filter and encoded for the URL", async () => {
  const title = 'a "b" or \\ & c=d#e%20+/../é'.replaceAll("/", "|")
  const { resolve, requests } = connectWith({})
  await resolve(`op://V/${title}/password`)
  const { searchParams, hash } = new URL(requests[1]?.url ?? "")
  expect([...searchParams.keys()]).toEqual(["filter"])
  expect(searchParams.get("filter")).toBe(`title eq ${JSON.stringify(title)}`)
  expect(hash).toBe("")
})

test.each([
  "../../../../v1/vaults",
  `${ids.item}/../../x`,
  "I".repeat(26),
  `${ids.item}?a=b`,
  "//evil.example/",
  `%2e%2e/${ids.item}`,
])("an id from an answer, %j, leads nowhere", async (id) => {
  const { resolve, requests } = connectWith({ [titled("I")]: ok([{ id, title: "I" }]) })
  expect(await resolve("op://V/I/password")).toEqual(["PROVIDER_ERROR"])
  expect(requests).toHaveLength(2)
})

test("a vault whose id is none is not known", async () => {
  const { resolve } = connectWith({ 'vaults?filter=title eq "V"': ok([{ id: "../..", name: "V" }]) })
  expect(await resolve("op://V/I/password")).toEqual(["NOT_FOUND"])
})

test("a 403 is asked again, once", async () => {
  let answers = 0
  const once = connectWith({
    [itemPath()]: () => (answers++ === 0 ? error(403) : ok(fullItem(ids.item, "I", "later"))),
  })
  expect(await once.resolve("op://V/I/password")).toEqual(["later"])

  const always = connectWith({ [itemPath()]: error(403) })
  expect(await always.resolve("op://V/I/password")).toEqual(["PERMISSION_DENIED"])
  expect(always.paths().filter((path) => path === itemPath())).toHaveLength(2)
})

test.each([
  [401, "BAD_CREDENTIALS"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [429, "THROTTLED"],
  [500, "PROVIDER_ERROR"],
])("%i is %s", async (status, reason) => {
  const { resolve } = connectWith({ [itemPath()]: error(status) })
  expect(await resolve("op://V/I/password")).toEqual([reason])
})

test("a refused token is not tried on the other documents", async () => {
  const { resolve, requests } = connectWith(
    Object.fromEntries(Array.from({ length: 100 }, (_, i) => [titled(`item ${i}`), error(401)])),
  )
  const items = Array.from({ length: 100 }, (_, i) => `op://V/item ${i}/password`)
  expect(new Set(await resolve(...items))).toEqual(new Set(["BAD_CREDENTIALS"]))
  expect(requests.length).toBeLessThan(20)
})

test("429 says what is left, where it is told", async () => {
  const { fetch } = connectWith({
    [itemPath()]: {
      ...error(429),
      headers: {
        "ratelimit-limit": "1000",
        "ratelimit-remaining": "0",
        "x-ratelimit-reset": "vendor's words",
      },
      retryAfterMs: 90_000,
    },
  })
  const result = (await fetch(["V/I"])).get("V/I")
  if (result?.ok !== false) throw new Error("not throttled")
  expect(result.error.message).toContain("(0 of 1000 requests left, more in 90 seconds)")
  expect(result.error.retryAfterMs).toBe(90_000)
})

test.each([
  ["a web page", { status: 404, body: "<html>" }],
  ["text", { status: 200, body: "fine" }],
  ["a list for an item", ok([])],
])("%s is not taken for an answer of 1Password's", async (_, answer) => {
  const { fetch } = connectWith({ [itemPath()]: answer })
  const result = (await fetch(["V/I"])).get("V/I")
  if (result?.ok !== false) throw new Error("taken")
  expect(result.error.reason).toBe("PROVIDER_ERROR")
  expect(result.error.message).toContain("Check `url`")
})

test("a page of what stands between is not taken for a file", async () => {
  const files = [{ id: ids.file, name: "key.p12", size: 3 }]
  const content = (headers: Record<string, string>, body: string) =>
    connectWith({
      [itemPath()]: ok(fullItem(ids.item, "I", "v", { files })),
      [`${itemPath()}/files/${ids.file}/content`]: { status: 200, body, headers },
    }).resolve(["op://V/I/key.p12", { encoding: "base64" }])
  const page = "<!doctype html><p>Sign in"
  expect(await content({ "content-type": "text/html" }, page)).toEqual(["PROVIDER_ERROR"])
  expect(await content({}, page)).toEqual(["PROVIDER_ERROR"])
  const type = { "content-type": "application/octet-stream" }
  expect(await content(type, page)).toEqual([Buffer.from(page).toString("base64")])
})

test("odd things in an item are passed over", async () => {
  const fields = [
    null,
    "text",
    [],
    { id: 7, label: {}, value: ["x"] },
    { id: "password", label: "password", value: "v", section: 5 },
  ]
  const { resolve } = connectWith({
    [itemPath()]: ok(fullItem(ids.item, "I", "", { fields, sections: "none", files: null, version: null })),
  })
  expect(await resolve("op://V/I/password")).toEqual(["v"])
  const version = { toString: 1, valueOf: 1 }
  const odd = connectWith({ [itemPath()]: ok(fullItem(ids.item, "I", "", { fields, version })) })
  expect(await odd.resolve("op://V/I/password")).toEqual(["v"])
})

test("what is no item in a list of them, or nests deep, is no answer of 1Password's and no bug", async () => {
  const full = fullItem(ids.item, "I", "", { fields: [] })
  const deep = JSON.parse(`${"[".repeat(3_000)}${"]".repeat(3_000)}`)
  const { resolve } = connectWith({ [itemPath()]: ok({ ...full, createdAt: deep }) })
  expect(await resolve("op://V/I/password")).toEqual(["PROVIDER_ERROR"])
  const holes = connectWith({ [titled("I")]: ok([null, [], 1]) })
  expect(await holes.resolve("op://V/I/password")).toEqual(["NOT_FOUND"])
})

test("the SDK writes nothing, even where DEBUG asks for it", async () => {
  const script = `
    import { connectOver } from ${JSON.stringify(new URL("../../../core/providers/onepassword/connect.ts", import.meta.url))}
    const http = { request: async () => ({ status: 200, headers: {}, body: Buffer.from("[]") }) }
    const server = { http, url: "https://connect.example", token: { reveal: () => "t" } }
    console.log((await connectOver(server, new AbortController().signal).vaultsNamed("title")).length)`
  const env = { DEBUG: "*", NODE_NO_WARNINGS: "1" }
  const arguments_ = ["--input-type=module", "--eval", script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, arguments_, { env })
  expect([stdout, stderr]).toEqual(["0\n", ""])
})
