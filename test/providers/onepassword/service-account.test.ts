import { once } from "node:events"
import { createServer } from "node:net"
import { inspect } from "node:util"
import { afterEach, describe, expect, test, vi } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { onepassword } from "../../../core/providers/onepassword/index.ts"
import {
  type ServiceAccountClient,
  serviceAccountOver,
} from "../../../core/providers/onepassword/service-account.ts"
import { checkedToken } from "../../../core/providers/onepassword/token.ts"
import { Secret } from "../../../core/secret.ts"
import { scriptedHttp, testDeps } from "../deps.ts"
import { ids } from "./connect-script.ts"

const signal = new AbortController().signal
const tokenOf = (credentials: unknown) =>
  new Secret(`ops_${Buffer.from(JSON.stringify(credentials)).toString("base64url")}`)
const tokenFor = (signInAddress: unknown) =>
  tokenOf({
    signInAddress,
    userAuth: {
      method: "SRPg-4096",
      alg: "PBES2g-HS256",
      iterations: 650000,
      salt: "QCXc-pL5-jGBh9SV1GoYiQ",
    },
    email: "a@1passwordserviceaccounts.com",
    srpX: "1161d2f05474815",
    muk: {
      ...{
        alg: "A256GCM",
        ext: true,
        k: "A".repeat(43),
        key_ops: ["encrypt", "decrypt"],
        kty: "oct",
        kid: "mp",
      },
    },
    secretKey: "A3-ABCDEF-GHJKLM-NPQRS-TVWXY-Z2345-67ABC",
    throttleSecret: { seed: "aa".repeat(32), uuid: "A".repeat(26) },
    deviceUuid: "a".repeat(26),
  })

const reasonOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof ProviderError) return error.reason
    throw error
  }
  return "accepted"
}

afterEach(() => vi.restoreAllMocks())

describe("a token's address", () => {
  test.each([
    "my.1password.com",
    "https://my.1password.com",
    "https://my.1password.com/",
    "1password.ca",
    "team.1password.eu",
    "team.ent.1password.com",
  ])("%s is 1Password's", (address) => {
    const checked = checkedToken(tokenFor(address)).reveal()
    const { signInAddress } = JSON.parse(Buffer.from(checked.slice(4), "base64url").toString())
    expect(signInAddress).toBe(`https://${address.replace(/^https:\/\/|\/$/g, "")}`)
  })

  test.each([
    "127.0.0.1",
    "http://my.1password.com",
    "my.1password.com:8443",
    "https://my.1password.com@127.0.0.1",
    "https://my.1password.com/../x",
    "my.1password.com.evil.example",
    "evil1password.com",
    "my.1password.de",
    "my.1password.com#",
    "MY.1PASSWORD.COM",
    ".1password.com",
    "my..1password.com",
    "my.1password.com\n",
    " my.1password.com",
    "",
  ])("%j is not", (address) =>
    expect(reasonOf(() => checkedToken(tokenFor(address)))).toBe("BLOCKED_ADDRESS"),
  )

  test.each([
    ["nothing", "ops_"],
    ["no JSON", "ops_abcd"],
    ["a list", tokenOf([]).reveal()],
    ["no address", tokenOf({ email: "a" }).reveal()],
    ["an address that is no text", tokenFor(["my.1password.com"]).reveal()],
  ])("a token with %s is none", (_, token) =>
    expect(reasonOf(() => checkedToken(new Secret(token)))).toBe("BAD_CREDENTIALS"),
  )

  test("that is named twice is the one that was looked at", () => {
    const text = JSON.stringify({ signInAddress: "my.1password.com" }).replace(
      "{",
      '{"signInAddress":"127.0.0.1",',
    )
    const checked = checkedToken(new Secret(`ops_${Buffer.from(text).toString("base64url")}`)).reveal()
    expect(Buffer.from(checked.slice(4), "base64url").toString()).not.toContain("127.0.0.1")
  })
})

/** A connection through the real SDK, whose every call by `fetch` is recorded and goes nowhere. */
function realConnection(token: Secret) {
  const called = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("no network in tests"))
  const deps = testDeps(scriptedHttp(() => ({ status: 500 })).factory)
  const config = onepassword.config().parse({ serviceAccountToken: token.reveal() })
  return { called, clock: deps.clock, client: onepassword.open(config, deps) }
}

test("a token that names 127.0.0.1 opens no socket", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  let connections = 0
  server.on("connection", () => connections++)
  const { port } = server.address() as { port: number }
  for (const address of [`127.0.0.1:${port}`, `http://127.0.0.1:${port}`, "127.0.0.1"]) {
    const { called, client } = realConnection(tokenFor(address))
    expect((await client.check(signal)).steps).toMatchObject([
      { name: "reach", ok: false, error: { reason: "BLOCKED_ADDRESS" } },
    ])
    expect((await client.fetch(["V/I"], signal)).get("V/I")).toMatchObject({
      error: { reason: "BLOCKED_ADDRESS" },
    })
    expect(called).not.toHaveBeenCalled()
  }
  server.close()
  expect(connections).toBe(0)
})

test("the real SDK calls the host that was looked at, and what it throws is told in our words", async () => {
  const { called, client } = realConnection(tokenFor("latchkey.1password.com"))
  const { steps } = await client.check(signal)
  expect(steps).toMatchObject([{ name: "reach", ok: false, error: { reason: "UNREACHABLE" } }])
  const hosts = called.mock.calls.map(([request]) => new URL((request as Request).url).origin)
  expect(new Set(hosts)).toEqual(new Set(["https://latchkey.1password.com"]))
  expect(JSON.stringify(steps)).not.toContain("reqwest")
})

test("the real SDK refuses a token that lacks the rest", async () => {
  const { called, client } = realConnection(tokenOf({ signInAddress: "my.1password.com" }))
  expect((await client.check(signal)).steps).toMatchObject([
    { name: "authenticate", error: { reason: "BAD_CREDENTIALS" } },
  ])
  expect(called).not.toHaveBeenCalled()
})

describe("what the real SDK is answered at the sign-in", () => {
  const marker = "words-of-a-hostile-server"
  const bodies = [
    ...["", "{}", "{", "null", "[]", "0", "\u0000", "\ufeff{}", `"${marker}"`, `<html>${marker}</html>`],
    ...[`{"status":"${marker}"}`, `{"errorCode":102,"errorMessage":"${marker}"}`, `{"${marker}`],
    ...["[".repeat(200_000), '{"a":'.repeat(100_000), `{"sessionID":"${"x".repeat(5_000_000)}"}`],
  ]

  test.each([200, 301, 400, 401, 403, 404, 408, 409, 418, 429, 500, 503, 599])(
    "with the status %i and anything at all, is a failure of the connection's, in our words",
    async (status) => {
      for (const body of bodies) {
        const { called, client } = realConnection(tokenFor("my.1password.com"))
        const headers = { "retry-after": marker, "content-type": marker, location: `https://${marker}/` }
        called.mockImplementation(async () => new Response(body, { status, headers }))
        const [result] = (await client.fetch([`${ids.vault}/${ids.item}`], signal)).values()
        const { steps } = await client.check(signal)
        const errors = [result && !result.ok && result.error, steps[0]?.error]
        for (const error of errors) {
          expect(error).toBeInstanceOf(ProviderError)
          expect(error).toMatchObject({ upstream: { operation: "sign in" } })
          expect(["PERMISSION_DENIED", "NOT_FOUND", "DELETED"]).not.toContain((error as ProviderError).reason)
          expect(inspect(error, { depth: 5 })).not.toContain(marker)
        }
        // Once for the document, and once for the check.
        expect(called).toHaveBeenCalledTimes(2)
        vi.restoreAllMocks()
      }
    },
  )

  test("without end, is given up, and the next time it signs in anew", async () => {
    const { called, client, clock } = realConnection(tokenFor("my.1password.com"))
    called.mockImplementation(async () => new Response(new ReadableStream()))
    const waiting = client.check(signal)
    await vi.waitFor(() => expect(called).toHaveBeenCalled())
    clock.advance(5_000)
    expect((await waiting).steps).toMatchObject([{ name: "authenticate", ok: false }])
    called.mockImplementation(async () => new Response("", { status: 429 }))
    expect((await client.check(signal)).steps).toMatchObject([{ ok: false, error: { reason: "THROTTLED" } }])
  })

  test("with more than can be meant, is not read to its end", async () => {
    const { called, client } = realConnection(tokenFor("my.1password.com"))
    const MiB = 1024 * 1024
    let bytes = 0
    const body = new ReadableStream({
      pull(controller) {
        bytes += MiB
        controller.enqueue(new Uint8Array(MiB))
      },
    })
    called.mockImplementation(async () => new Response(body))
    expect((await client.check(signal)).steps).toMatchObject([
      { ok: false, error: { reason: "PROVIDER_ERROR" } },
    ])
    expect(bytes).toBeLessThan(20 * MiB)
  })
})

/** The SDK's answers, in the shape of its types, for one vault with one item. */
function fakeSdk(more: Partial<ServiceAccountClient["items"]> = {}) {
  const calls: string[] = []
  const call = <Value>(name: string, value: Value) => {
    calls.push(name)
    return Promise.resolve(value as never)
  }
  const item = {
    id: ids.item,
    title: "I",
    version: 2,
    sections: [{ id: "s", title: "Admin" }],
    fields: [
      { id: "username", title: "username", fieldType: "Text", value: "u" },
      {
        id: "code",
        title: "code",
        sectionId: "s",
        fieldType: "Totp",
        value: "otpauth://totp/x",
        details: { type: "Otp", content: { code: "123456" } },
      },
    ],
    files: [{ attributes: { id: ids.file, name: "key.p12", size: 2 }, sectionId: "s", fieldId: "f" }],
    document: { id: ids.item2, name: "doc.txt", size: 3 },
    notes: "a note",
  }
  const sdk: ServiceAccountClient = {
    vaults: {
      list: () => call("vaults", [{ id: ids.vault, title: "V" }]),
      getOverview: (id) => call(`vault ${id}`, { id, title: "V" }),
    },
    items: {
      list: () =>
        call("items", [
          { id: ids.item, title: "I" },
          { id: ids.item2, title: "J" },
        ]),
      get: (_, id) => call(`item ${id}`, { ...item, id }),
      files: { read: (_, __, { name }) => call(`file ${name}`, new Uint8Array([1, 2])) },
      ...more,
    },
  }
  return { calls, sdk }
}

const over = (sdk: ServiceAccountClient, until = signal) =>
  serviceAccountOver(tokenFor("my.1password.com"), until, async () => sdk)

describe("through the SDK", () => {
  test("an item has the shape that it has through Connect", async () => {
    const { sdk } = fakeSdk()
    expect(await over(sdk).item(ids.vault, ids.item)).toEqual({
      id: ids.item,
      title: "I",
      version: "2",
      archived: false,
      sections: [{ id: "s", title: "Admin" }],
      parts: [
        { kind: "field", id: "username", label: "username", type: "text", value: "u", purpose: "username" },
        {
          ...{ kind: "field", id: "code", label: "code", type: "totp", section: "s" },
          ...{ value: "otpauth://totp/x", code: "123456" },
        },
        {
          ...{ kind: "field", id: "notesPlain", label: "notesPlain", type: "string" },
          ...{ purpose: "notes", value: "a note" },
        },
        { kind: "file", id: ids.file, label: "key.p12", type: "file", size: 2, section: "s" },
        { kind: "file", id: ids.item2, label: "doc.txt", type: "file", size: 3 },
      ],
    })
  })

  test("only items of the title are read", async () => {
    const { sdk, calls } = fakeSdk()
    await over(sdk).itemsNamed(ids.vault, "I")
    expect(calls).toEqual(["items", `item ${ids.item}`])
  })

  test("of a title that very many items have only a few are read", async () => {
    const list = () => Promise.resolve(Array(1_000).fill({ id: ids.item, title: "I" }))
    const { sdk, calls } = fakeSdk({ list })
    expect(await over(sdk).itemsNamed(ids.vault, "I")).toHaveLength(5)
    expect(calls).toHaveLength(5)
  })

  test.each([
    ["RateLimitExceededError", "rate limit exceeded, retry in 40 minutes", "THROTTLED"],
    ["AuthExpiredError", "please sign in", "BAD_CREDENTIALS"],
    ["Error", "you are not authenticated", "BAD_CREDENTIALS"],
    ["Error", "you don't have the right permissions to access this resource", "PERMISSION_DENIED"],
    ["Error", "item couldn't be found", "NOT_FOUND"],
    ["Error", "resource not found", "NOT_FOUND"],
    ["Error", "item is not in an active state", "DELETED"],
    ["Error", "request timeout", "TIMEOUT"],
    ["Error", "authentication error: reqwest library: error sending request", "UNREACHABLE"],
    ["Error", "an internal error occurred token-canary", "PROVIDER_ERROR"],
  ])("%s: %s is %s", async (name, message, reason) => {
    class Thrown extends Error {}
    Object.defineProperty(Thrown, "name", { value: name })
    const { sdk } = fakeSdk({ get: () => Promise.reject(new Thrown(message)) })
    const error = await over(sdk)
      .item(ids.vault, ids.item)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ reason, upstream: { operation: "read item" } })
    expect((error as Error).message).not.toContain("canary")
    expect((error as Error).cause).toBeUndefined()
    if (reason === "THROTTLED") expect((error as Error).message).toContain("in 40 minutes")
  })

  test("an abort does not wait for the SDK", async () => {
    const abort = new AbortController()
    const { sdk } = fakeSdk({ get: () => new Promise(() => {}) })
    const reading = over(sdk, abort.signal).item(ids.vault, ids.item)
    abort.abort(new Error("the caller left"))
    await expect(reading).rejects.toThrow("the caller left")
  })
})
