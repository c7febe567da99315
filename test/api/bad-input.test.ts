import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Operation } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { fillPath } from "../../core/contract/routes.ts"
import {
  type Answer,
  admin,
  type Caller,
  connect,
  member,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let ada: Caller
let flows: Caller
let id: string

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
  flows = api.as(service("acme"))
  id = await connect(ada, api.vault)
})

afterAll(() => api.close())

const secret = (rest = "secret/data/app/api_key/value") => `{{secret://${id}/${rest}}}`
const KiB = 1024
const MiB = 1024 * KiB

/** Status and code, and where the problem is. */
const verdict = ({ status, body }: Answer) =>
  [status, body.code, body.issues?.["0"]?.pointer].filter((part) => part !== undefined)

const withBody = (Object.values(operations) as Operation[]).filter(
  ({ body, who }) => body && who !== "public",
)

function send({ method, path, who }: Operation, body: unknown, headers?: Record<string, string>) {
  const caller = who.includes("admin") ? ada : flows
  return caller.call(method, fillPath(path, { id }), body, headers)
}

describe.for(withBody.map((operation) => [operation.id, operation] as const))(
  "the body of %s",
  ([, operation]) => {
    test("that is not JSON is refused, and not repeated", async () => {
      for (const text of [
        "{",
        "hunter2",
        '{"value":hunter2}',
        "[1,]",
        "{'a':1}",
        '"hunter2',
        "\u0000",
        "NaN",
        '{"value":1}}',
        "\ufeff{}",
      ]) {
        const answer = await send(operation, text)
        expect([text, ...verdict(answer)]).toEqual([text, 400, "VALIDATION", ""])
        expect(answer.text).not.toContain("hunter2")
      }
    })

    test("that is no object is refused", async () => {
      for (const text of ["[]", "null", "1", '"text"', "true"])
        expect([text, ...verdict(await send(operation, text))]).toEqual([text, 400, "VALIDATION", ""])
    })

    test("of another type is refused", async () => {
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data; boundary=x",
      ])
        expect(verdict(await send(operation, "{}", { "content-type": type }))).toEqual([
          400,
          "VALIDATION",
          "",
        ])
    })

    const chooses = ["createConnection", "testUnsaved"].includes(operation.id)

    test("with unknown keys is refused by their names, long ones cut, and without their values", async () => {
      for (const key of ["platformId", "colour", "__proto__", "constructor", "a/b~c", "x".repeat(5_000)]) {
        // Which fields a creation knows depends on the provider.
        const answer = await send(
          operation,
          `{${chooses ? '"providerId":"hashicorp",' : ""}${JSON.stringify(key)}:"hunter2"}`,
        )
        const pointers = (answer.body.issues as unknown as { pointer: string; message: string }[]).filter(
          ({ message }) => message === "is not a known field",
        )
        const shown = key.length > 64 ? `${key.slice(0, 64)}...` : key.replace("~", "~0").replace("/", "~1")
        expect([answer.status, pointers.map(({ pointer }) => pointer)]).toEqual([400, [`/${shown}`]])
        expect(answer.text).not.toContain("hunter2")
        expect(answer.text.length).toBeLessThan(5_000)
      }
    })

    test("is bounded in size, measured in bytes, before anything is made of it", async () => {
      const { bodyLimit } = operation
      const padded = (bytes: number) => `{"${"é".repeat((bytes - 6) / 2)}":1}`
      const text = padded(bodyLimit)
      expect(Buffer.byteLength(text)).toBe(bodyLimit)
      expect(verdict(await send(operation, text))).toEqual([400, "VALIDATION", expect.any(String)])
      expect(verdict(await send(operation, padded(bodyLimit + 2)))).toEqual([413, "PAYLOAD_TOO_LARGE"])
      // Nor does it matter what it is.
      expect(verdict(await send(operation, "[".repeat(bodyLimit + 1)))).toEqual([413, "PAYLOAD_TOO_LARGE"])
    })

    test("that nests too deep is refused at once", async () => {
      for (const text of [
        "[".repeat(200_000),
        '{"a":'.repeat(40_000),
        `{"value":${"[".repeat(65)}${"]".repeat(65)}}`,
      ])
        expect(verdict(await send(operation, text))).toEqual([400, "VALIDATION", ""])
    })
  },
)

describe("a resolve", () => {
  const resolve = (value: unknown, more: object = {}) => flows.post("/resolve", { value, ...more })

  test("takes a mebibyte, and API Gateway ten", async () => {
    const value = "x".repeat(MiB - 20)
    const { status, body } = await resolve(value)
    expect([status, body.value === (value as unknown)]).toEqual([200, true])
    expect(verdict(await resolve("x".repeat(MiB)))).toEqual([413, "PAYLOAD_TOO_LARGE"])
    expect(verdict(await resolve("x".repeat(11 * MiB)))).toEqual([413, "PAYLOAD_TOO_LARGE"])
  })

  test("takes 500 references, repeated and malformed ones counted", async () => {
    expect((await resolve(Array(500).fill(secret()))).status).toBe(200)
    expect(verdict(await resolve(Array(501).fill(secret())))).toEqual([400, "TOO_MANY_REFERENCES"])
    expect(verdict(await resolve("{{secret:// }}".repeat(501)))).toEqual([400, "TOO_MANY_REFERENCES"])
  })

  test("takes 99 connections", async () => {
    const to = (count: number) =>
      Array.from({ length: count }, (_, i) => `{{secret://smc_${String(i).padStart(21, "0")}/a/b}}`)
    expect(verdict(await resolve(to(99)))).toEqual([404, "ENTITY_NOT_FOUND"])
    expect(verdict(await resolve(to(100)))).toEqual([400, "TOO_MANY_REFERENCES"])
  })

  test("takes 64 levels", async () => {
    const nested = (depth: number) =>
      `{"value":${"[".repeat(depth)}${JSON.stringify(secret())}${"]".repeat(depth)}}`
    expect((await flows.post("/resolve", nested(64))).status).toBe(200)
    expect(verdict(await flows.post("/resolve", nested(65)))).toEqual([400, "VALIDATION", ""])
  })

  test("answers no more than 4 MiB, and says so before it builds more", async () => {
    await api.vault.admin.put("secret/data/app/large", { value: "v".repeat(60_000) })
    const large = secret("secret/data/app/large/value")
    expect((await resolve(Array(60).fill(large))).status).toBe(200)
    expect(verdict(await resolve(Array(75).fill(large)))).toEqual([413, "PAYLOAD_TOO_LARGE"])
    // Escapes count as Lambda's envelope has them: each of these characters takes seven.
    await api.vault.admin.put("secret/data/app/escaped", { value: "\u0001".repeat(60_000) })
    expect((await resolve(Array(8).fill(secret("secret/data/app/escaped/value")))).status).toBe(200)
    expect(verdict(await resolve(Array(11).fill(secret("secret/data/app/escaped/value"))))).toEqual([
      413,
      "PAYLOAD_TOO_LARGE",
    ])
  })

  test("fails at what begins as a reference and is none, and passes nothing of it on", async () => {
    const malformed = [
      "{{secret://",
      "{{secret://}}",
      "{{secret:///path}}",
      "{{secret://short/path}}",
      `{{secret://${"x".repeat(70)}/path}}`,
      `{{secret://${"_"}}}`,
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT}}",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/}}",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/a/b",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/a\\qb}}",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/a?colour=red}}",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/a?version=%ff}}",
      "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/a?version=1&version=2}}",
      `{{secret://smc_V1StGXR8_Z5jdHi6B-myT/${"a".repeat(2_049)}}}`,
    ]
    for (const text of malformed) {
      const answer = await resolve({ text })
      expect([text, answer.status, answer.body.reason]).toEqual([text, 424, "INVALID_PATH"])
      const reported = await resolve({ text }, { onError: "report" })
      expect(reported.body).toMatchObject({
        value: { text: null },
        references: [{ error: { pointer: "/text" } }],
      })
    }
  })

  test("fails at paths that leave the engine, climb or do not fit the provider", async () => {
    for (const path of [
      "sys/health",
      "auth/token/lookup-self",
      "identity/entity/id",
      "cubbyhole/a/b",
      "secret/data/../../sys/mounts/x",
      "secret/data/./app/value",
      "secret/data//app/value",
      "secret/data/app/api_key/",
      "secret",
      "/secret/data/app/api_key/value",
      "secret/data/app\u0000/value",
      "secret/data/app/api_key/value?stage=AWSCURRENT",
    ]) {
      const answer = await resolve(secret(path))
      expect([path, answer.status, answer.body.reason]).toEqual([path, 424, "INVALID_PATH"])
    }
  })

  test("takes a path as it is written: nothing in it is decoded, and it climbs nowhere", async () => {
    const before = api.vault.requests.list.length
    for (const path of [
      "secret/data/%2e%2e/%2e%2e/sys/health/x",
      "secret/data/app%2fapi_key/value",
      "secret/data/a;b/ü?/x",
    ])
      expect((await resolve(secret(path.replace("?", "\\?")))).body.reason).toBe("NOT_FOUND")
    const asked = api.vault.requests.list.slice(before).filter(({ operation }) => operation === "read")
    expect(asked.map(({ url }) => url)).toEqual([
      "/v1/secret/data/%252e%252e/%252e%252e/sys/health",
      "/v1/secret/data/app%252fapi_key",
      "/v1/secret/data/a%3Bb/%C3%BC%3F",
    ])
  })

  test("is given project ids and pointers that are none", async () => {
    for (const projectId of ["", "a/b", "..", "a b", "x".repeat(129), "a#b", 7, null, ["p1"]])
      expect(verdict(await resolve("x", { projectId }))).toEqual([400, "VALIDATION", "/projectId"])
    for (const at of ["x", "/a~2", "~"])
      expect(verdict(await resolve("x", { at: [at] }))).toEqual([400, "VALIDATION", "/at/0"])
    expect(verdict(await resolve("x", { at: "/a" }))).toEqual([400, "VALIDATION", "/at"])
    expect(
      (await resolve({ a: secret() }, { at: ["/a/b/c", "/toString", "/__proto__"] })).body.value,
    ).toEqual({ a: secret() })
    expect(verdict(await resolve("x", { onError: "ignore" }))).toEqual([400, "VALIDATION", "/onError"])
    expect(verdict(await flows.post("/resolve", {}))).toEqual([400, "VALIDATION", "/value"])
  })

  test("gives back the JSON it was given, to the letter", async () => {
    for (const json of [
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}',
      '{"a":{"__proto__":"x"},"hasOwnProperty":null,"":0}',
      '[0,-1.5,1e+21,9007199254740991,1e-7,true,null,"",[],{}]',
      '"\\ud800 lone \\udfff"',
      '"\u2028\u2029\ufeff\u202e é 漢字 🔑 \u0301"',
      '{"b":1,"a":2,"é":3}',
    ]) {
      const { text } = await flows.post("/resolve", `{"value":${json}}`)
      expect(text).toBe(`{"value":${json},"references":[]}`)
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test("resolves below keys that mean something to JavaScript", async () => {
    const key = JSON.stringify(secret())
    const { body, text } = await flows.post(
      "/resolve",
      `{"value":{"__proto__":${key},"constructor":[${key}]}}`,
    )
    const value = String(body.value?.constructor)
    expect(value).toMatch(/^sk-demo-fake-/)
    expect(text).toContain(`{"value":{"__proto__":"${value}","constructor":["${value}"]}`)
    expect(text).toContain('"pointer":"/__proto__"')
  })
})

describe("parameters", () => {
  test("that are unknown, repeated or out of bounds are refused by name", async () => {
    for (const [query, pointer] of [
      ["limit=0", "/limit"],
      ["limit=101", "/limit"],
      ["limit=1e1", "/limit"],
      ["limit=-1", "/limit"],
      ["limit=", "/limit"],
      ["colour=red", "/colour"],
      ["__proto__=1", "/__proto__"],
      ["limit=1&limit=2", "/limit"],
      ["projectId=a%2Fb", "/projectId"],
      ["projectId=", "/projectId"],
      ["cursor=", "/cursor"],
      [`cursor=${"a".repeat(2_049)}`, "/cursor"],
    ] as const)
      expect([query, ...verdict(await ada.get(`/?${query}`))]).toEqual([query, 400, "VALIDATION", pointer])
    expect(verdict(await ada.get("/providers?x=1"))).toEqual([400, "VALIDATION", "/x"])
    expect(verdict(await ada.delete("/cache?connectionid=x"))).toEqual([400, "VALIDATION", "/connectionid"])
    expect(verdict(await ada.call("DELETE", `/${id}`, { force: true }))).toEqual([400, "VALIDATION", ""])
    expect((await ada.get(`/${id}`)).status).toBe(200)
  })
})

describe("a cursor", () => {
  /** Of a list of two, page by page. */
  async function cursorOf(caller: Caller, query = "limit=1"): Promise<string> {
    const { body } = await caller.get(`/?${query}`)
    expect(body.next).toEqual(expect.any(String))
    return String(body.next)
  }

  beforeAll(async () => {
    for (const platform of ["acme", "evil"])
      for (const projectIds of [
        ["p1", "p2"],
        ["p1", "p2"],
      ])
        await connect(api.as(admin(platform)), api.vault, { scope: "PROJECT", projectIds })
  })

  test("opens for the list that it was made for, and for nothing else", async () => {
    const cursor = await cursorOf(ada)
    expect((await ada.get(`/?limit=2&cursor=${cursor}`)).status).toBe(200)
    const refused = [400, "VALIDATION", "/cursor"]
    expect(verdict(await api.as(admin("evil")).get(`/?limit=1&cursor=${cursor}`))).toEqual(refused)
    expect(verdict(await flows.get(`/?limit=1&cursor=${cursor}`))).toEqual(refused)
    expect(verdict(await ada.get(`/?limit=1&projectId=p1&cursor=${cursor}`))).toEqual(refused)
    const p1 = await cursorOf(api.as(member("acme", "p1", "p2")), "limit=1&projectId=p1")
    expect(verdict(await api.as(member("acme", "p2")).get(`/?limit=1&projectId=p2&cursor=${p1}`))).toEqual(
      refused,
    )
    expect(verdict(await api.as(member("evil", "p1")).get(`/?limit=1&projectId=p1&cursor=${p1}`))).toEqual(
      refused,
    )
  })

  test("cannot be made up, nor changed in any of its bytes", async () => {
    const cursor = await cursorOf(ada)
    const bytes = Buffer.from(cursor, "base64url")
    const forged = Array.from({ length: bytes.length }, (_, at) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      return changed.toString("base64url")
    })
    const madeUp = [
      "a",
      "AAAA",
      id,
      bytes.subarray(0, 20).toString("base64url"),
      `${cursor}AAAA`,
      "~",
      "..",
      "eyJpZCI6IiJ9",
    ]
    for (const text of [...forged.filter((_, at) => at % 7 === 0), ...madeUp])
      expect([text, ...verdict(await ada.get(`/?limit=1&cursor=${text}`))]).toEqual([
        text,
        400,
        "VALIDATION",
        "/cursor",
      ])
  })
})

describe("a connection", () => {
  const create = (more: object) => ada.post("", vaultConnection(api.vault, more))

  test("is refused by the field that does not fit", async () => {
    for (const [more, pointer] of [
      [{ name: "" }, "/name"],
      [{ name: "x".repeat(129) }, "/name"],
      [{ name: "line\nbreak" }, "/name"],
      [{ name: "right\u202eto left" }, "/name"],
      [{ name: "\ud800" }, "/name"],
      [{ scope: "GLOBAL" }, "/scope"],
      [{ providerId: "keepass" }, "/providerId"],
      [{ scope: "PROJECT", projectIds: ["p1", "p1"] }, "/projectIds"],
      [{ scope: "PROJECT", projectIds: Array.from({ length: 101 }, (_, i) => `p${i}`) }, "/projectIds"],
      [{ scope: "PROJECT", projectIds: ["a/b"] }, "/projectIds/0"],
      [{ settings: { cacheTtlSeconds: 3601 } }, "/settings/cacheTtlSeconds"],
      [{ settings: { cacheTtlSeconds: 1.5 } }, "/settings/cacheTtlSeconds"],
      [{ settings: { staleIfErrorSeconds: -1 } }, "/settings/staleIfErrorSeconds"],
      [{ settings: { cacheTtlSeconds: 0, staleIfErrorSeconds: 1 } }, "/settings/staleIfErrorSeconds"],
      [{ settings: { allowedPaths: ["(a+)+$", "a/**/b"] } }, "/settings/allowedPaths/1"],
      [{ settings: { allowedPaths: Array(101).fill("a") } }, "/settings/allowedPaths"],
      [{ settings: { colour: "red" } }, "/settings/colour"],
      [{ config: {} }, "/config/url"],
      [{ config: null }, "/config"],
      [{ config: { ...api.vault.config, colour: "red" } }, "/config/colour"],
      [{ config: { ...api.vault.config, secretId: { set: true } } }, "/config/secretId"],
      [{ config: { ...api.vault.config, secretId: "line\nbreak" } }, "/config/secretId"],
      [{ config: { ...api.vault.config, authMethod: "password" } }, "/config/authMethod"],
    ] as const)
      expect([more, ...verdict(await create(more))]).toEqual([more, 400, "VALIDATION", pointer])
    expect((await ada.get("")).text.match(/"name":/g)).toHaveLength(3)
  })

  test("is refused with an URL that hides where it leads, before anything is contacted", async () => {
    const { port } = new URL(api.vault.url)
    const before = api.vault.requests.count()
    for (const url of [
      "ftp://127.0.0.1/",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "//127.0.0.1/",
      "127.0.0.1",
      `http://user:pass@127.0.0.1:${port}`,
      `http://vault.example.com@127.0.0.1:${port}`,
      `http://@127.0.0.1:${port}`,
      `http://127.0.0.1:${port}/?a=b`,
      `http://127.0.0.1:${port}/#x`,
      `http://127.0.0.1:${port}\\@vault.example.com`,
      `http://127.0.0.1:${port}/a b`,
      `http://127.0.0.1\n:${port}`,
      "http://",
      "http://:80",
      "http://127.0.0.1:99999",
      `http://127.0.0.1:${port}/${"x".repeat(2_048)}`,
    ])
      expect([url, ...verdict(await create({ config: { ...api.vault.config, url } }))]).toEqual([
        url,
        400,
        "VALIDATION",
        "/config/url",
      ])
    expect(api.vault.requests.count()).toBe(before)
  })
})
