import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { oversized } from "../deps.ts"
import { apiKey, batch, conjurWith, header, login, many, missing, one, token } from "./conjur-script.ts"

const reads = (lines: string[]) => lines.filter((line) => line.startsWith("GET "))

describe("one secret", () => {
  test("is asked for alone, with the token as base64 in its header, below the base path", async () => {
    const conjur = conjurWith({ [one("data/app")]: { status: 200, body: "v" } })
    expect(await conjur.resolve("data/app")).toEqual(["v"])
    expect(conjur.requests.map(({ url }) => url)).toEqual([
      "https://conjur.example.com/api/authn/acct/host%2Fapp/authenticate",
      "https://conjur.example.com/api/secrets/acct/variable/data%2Fapp",
    ])
    expect(conjur.requests[1]?.headers).toEqual({ authorization: header() })
  })

  test.each([
    [{ status: 403 }, "PERMISSION_DENIED"],
    [missing, "NOT_FOUND"],
    [{ status: 404 }, "NOT_FOUND"],
    [{ status: 422, body: { error: { code: "argument_error" } } }, "PROVIDER_ERROR"],
    [{ status: 429 }, "THROTTLED"],
    [{ status: 500 }, "PROVIDER_ERROR"],
    [{ status: 503, body: "<html>" }, "PROVIDER_ERROR"],
    [{ status: 405 }, "PROVIDER_ERROR"],
  ])("answered by %j is %s", async (answer, reason) => {
    expect(await conjurWith({ [one("a")]: answer }).resolve("a")).toEqual([reason])
  })

  test("of more than 64 KiB is refused, and one of just that is not", async () => {
    const conjur = conjurWith({
      [one("large")]: { status: 200, body: "x".repeat(64 * 1024 + 1) },
      [one("just")]: { status: 200, body: "x".repeat(64 * 1024) },
    })
    expect(await conjur.resolve("large")).toEqual(["UNSUPPORTED_VALUE"])
    expect((await conjur.resolve("just"))[0]).toHaveLength(64 * 1024)
  })

  test("of more than any answer may have is refused for its size too", async () => {
    const conjur = conjurWith({ [one("huge")]: { status: 200, error: oversized("read secret") } })
    expect(await conjur.resolve("huge")).toEqual(["UNSUPPORTED_VALUE"])
  })

  describe("is told from a page of something else than Conjur", () => {
    const page = "<!DOCTYPE html><html><body>Please sign in</body></html>"
    const given = (type: string | undefined, body: string, more = {}) => {
      const headers = { ...(type === undefined ? {} : { "content-type": type }), ...more }
      return conjurWith({ [one("a")]: { status: 200, headers, body } }).resolve("a")
    }

    test.each([["text/html"], ["text/html; charset=utf-8"], ["Application/XHTML+XML"], [undefined]])(
      "by its type, %s",
      async (type) => expect(await given(type, page)).toEqual(["PROVIDER_ERROR"]),
    )

    test.each([
      ["application/octet-stream"],
      ["text/plain"],
      ["application/json"],
      ["application/x-pem-file"],
    ])("and given whatever it is as %s", async (type) => expect(await given(type, page)).toEqual([page]))

    test("and given where its annotation makes it a page, which Conjur sends as it sends values", async () => {
      expect(await given("text/html", page, { "content-transfer-encoding": "binary" })).toEqual([page])
    })
  })

  test("of a version says which it is", async () => {
    const conjur = conjurWith({ [`${one("a")}?version=2`]: { status: 200, body: "second" } })
    const results = await conjur.client.fetch(["a?version=2"], new AbortController().signal)
    expect(results.get("a?version=2")).toEqual({ ok: true, content: "second", version: "2" })
  })
})

describe("several secrets", () => {
  test("are one request, each variable once, its values as base64 in lines", async () => {
    const long = "x".repeat(500)
    const conjur = conjurWith({ [many("a", "b/c")]: batch({ a: long, "b/c": "ü" }) })
    expect(await conjur.resolve("a", "b/c", "a")).toEqual([long, "ü", long])
    expect(reads(conjur.lines())).toEqual([many("a", "b/c")])
    expect(conjur.requests.at(-1)).toMatchObject({ acceptEncoding: "base64" })
  })

  test("are taken as they are where a proxy kept the encoding from Conjur", async () => {
    const body = { "acct:variable:a": "YWJj", "acct:variable:b": "ü" }
    expect(await conjurWith({ [many("a", "b")]: { status: 200, body } }).resolve("a", "b")).toEqual([
      "YWJj",
      "ü",
    ])
  })

  test("are asked for one by one where all may be base64, or not, and the answer does not say", async () => {
    const body = { "acct:variable:a": "YWJj", "acct:variable:b": "ZGVm\n" }
    const conjur = conjurWith({
      [many("a", "b")]: { status: 200, body },
      [one("a")]: { status: 200, body: "abc" },
      [one("b")]: { status: 200, body: "ZGVm\n" },
    })
    expect(await conjur.resolve("a", "b")).toEqual(["abc", "ZGVm\n"])
  })

  const base64 = { "content-encoding": "base64" }
  test.each([
    ["a page", "<html>", { "content-type": "text/html" }],
    ["a list", ["MQ==", "Mg=="], base64],
    ["nothing at all", "", base64],
    ["something else", { ok: true, hint: "x" }, base64],
    ["less than was asked for", { "acct:variable:a": "MQ==" }, base64],
    [
      "more than was asked for",
      { "acct:variable:a": "", "acct:variable:b": "", "acct:variable:c": "" },
      base64,
    ],
    ["another's", { "acct:variable:a": "MQ==", "other:variable:b": "Mg==" }, base64],
    ["what is no text", { "acct:variable:a": "MQ==", "acct:variable:b": { value: "Mg==" } }, base64],
    ["what is not the base64 that it says", { "acct:variable:a": "MQ==", "acct:variable:b": "M" }, base64],
  ])("answered by %s are no values", async (_, body, headers) => {
    const conjur = conjurWith({
      [many("a", "b")]: { status: 200, body, headers },
      [one("a")]: { status: 200, body: "v" },
      [one("b")]: { status: 200, body: "v" },
    })
    expect(await conjur.resolve("a", "b")).toEqual(["PROVIDER_ERROR", "PROVIDER_ERROR"])
  })

  test("with versions or a comma are asked for alone, beside a batch of the others", async () => {
    const value = { status: 200, body: "single" }
    const conjur = conjurWith({
      [many("a", "b")]: batch({ a: "1", b: "2" }),
      [one("x,y")]: value,
      [`${one("a")}?version=1`]: value,
    })
    expect(await conjur.resolve("a", "x,y", "a?version=1", "b")).toEqual(["1", "single", "single", "2"])
    expect(reads(conjur.lines())).toHaveLength(3)
  })

  test.each([400, 403, 404, 406, 414, 422])("refused by %i as a batch get an answer each", async (status) => {
    const conjur = conjurWith({
      [many("a", "b", "c")]: { status },
      [one("a")]: { status: 200, body: "v" },
      [one("b")]: { status: 403 },
    })
    expect(await conjur.resolve("a", "b", "c")).toEqual(["v", "PERMISSION_DENIED", "NOT_FOUND"])
  })

  test.each([429, 500, 503])("refused by %i are not asked for again one by one", async (status) => {
    const conjur = conjurWith({ [many("a", "b")]: { status } })
    expect(new Set(await conjur.resolve("a", "b")).size).toBe(1)
    expect(reads(conjur.lines())).toHaveLength(1)
  })

  test("that are too much for one answer are asked for in halves, and the last one alone", async () => {
    const tooMuch = { status: 200, error: oversized("read secrets") }
    const conjur = conjurWith({
      [many("a", "b", "c", "d", "e")]: tooMuch,
      [many("a", "b", "c")]: tooMuch,
      [many("a", "b")]: batch({ a: "1", b: "2" }),
      [many("d", "e")]: tooMuch,
      [one("c")]: { status: 200, body: "3" },
      [one("d")]: { status: 200, body: "4" },
      [one("e")]: { status: 200, error: oversized("read secret") },
    })
    expect(await conjur.resolve("a", "b", "c", "d", "e")).toEqual(["1", "2", "3", "4", "UNSUPPORTED_VALUE"])
    expect(reads(conjur.lines())).toHaveLength(7)
  })

  test("that a proxy has compressed are asked for one by one", async () => {
    const upstream = { operation: "read secrets", status: 200 }
    const error = new ProviderError("PROVIDER_ERROR", "The answer is compressed", { upstream })
    const conjur = conjurWith({
      [many("a", "b", "c", "d")]: { status: 200, error },
      ...Object.fromEntries(["a", "b", "c", "d"].map((id) => [one(id), { status: 200, body: id }])),
    })
    expect(await conjur.resolve("a", "b", "c", "d")).toEqual(["a", "b", "c", "d"])
    expect(reads(conjur.lines())).toHaveLength(5)
  })

  test("fill URLs of up to 8 KB, and never more", async () => {
    const conjur = conjurWith({})
    const ids = (count: number, length: number) =>
      Array.from({ length: count }, (_, n) => `${"ü".repeat(length)}${n}`)
    await conjur.resolve(...ids(30, 100), ...ids(100, 1), ...ids(2, 700))
    const lengths = conjur.requests
      .filter(({ url }) => url.includes("variable_ids="))
      .map(({ url }) => url.length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(8_000)
    const total = lengths.reduce((sum, length) => sum + length)
    expect(lengths).toHaveLength(Math.ceil(total / 7_000))
  })
})

describe("a session", () => {
  const expiring = (valid: string, answer: unknown) => (authorization: string | undefined) =>
    authorization === header(valid) ? { status: 200, body: answer } : { status: 401 }
  const logins = () => {
    let count = 0
    return () => token(`host/${++count}`)
  }

  test.each([
    ["of 8 minutes where the token does not say", undefined, 450_000],
    ["of what the token says, by the server's own clock", 3600, 3_570_000],
    ["that is short, less a tenth", 100, 90_000],
  ])("%s", async (_, lifetime, lives) => {
    const conjur = conjurWith({
      [login]: token("host/app", lifetime),
      [one("a")]: { status: 200, body: "v" },
    })
    await conjur.resolve("a")
    conjur.deps.clock.advance(lives - 1)
    await conjur.resolve("a")
    expect(conjur.deps.sessions.logins).toBe(1)
    conjur.deps.clock.advance(1)
    await conjur.resolve("a")
    expect(conjur.deps.sessions.logins).toBe(2)
  })

  test("that Conjur no longer accepts is renewed once, and what it refused is read again", async () => {
    const conjur = conjurWith({ [login]: logins(), [one("a")]: expiring("host/2", "v") })
    expect(await conjur.resolve("a")).toEqual(["v"])
    expect(conjur.deps.sessions.logins).toBe(2)
  })

  test("that ends during a batch has the batch read again, and nothing one by one", async () => {
    const values = batch({ a: "1", b: "2" })
    const conjur = conjurWith({
      [login]: logins(),
      [many("a", "b")]: (authorization) => (authorization === header("host/2") ? values : { status: 401 }),
    })
    expect(await conjur.resolve("a", "b")).toEqual(["1", "2"])
    expect(reads(conjur.lines())).toEqual([many("a", "b"), many("a", "b")])
  })

  test("that Conjur no longer accepts is not tried on all that is left", async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `a?version=${n + 1}`)
    const answers = ids.map((id) => [
      `${one("a")}${id.slice(1)}`,
      (authorization: string | undefined) =>
        authorization === header("host/2") ? { status: 200, body: "v" } : { status: 401 },
    ])
    const conjur = conjurWith({ [login]: logins(), ...Object.fromEntries(answers) })
    expect(new Set(await conjur.resolve(...ids))).toEqual(new Set(["v"]))
    expect(reads(conjur.lines()).length).toBeLessThanOrEqual(8 + 50)
  })

  test("that is never accepted ends in bad credentials after one renewal", async () => {
    const conjur = conjurWith({ [login]: logins(), [one("a")]: { status: 401 } })
    expect(await conjur.resolve("a")).toEqual(["BAD_CREDENTIALS"])
    expect(conjur.deps.sessions.logins).toBe(2)
  })

  test("that cannot be renewed fails the fetch, or only what was not read", async () => {
    let count = 0
    const script = {
      [login]: () => (count++ === 0 ? token() : { status: 503 }),
      [`${one("a")}?version=1`]: { status: 200, body: "v" },
      [one("b")]: { status: 401 },
    }
    await expect(conjurWith(script).resolve("b")).rejects.toMatchObject({ reason: "PROVIDER_ERROR" })
    count = 0
    expect(await conjurWith(script).resolve("a?version=1", "b")).toEqual(["v", "PROVIDER_ERROR"])
  })

  test("of nobody's: nothing to fetch asks for nothing", async () => {
    const conjur = conjurWith({})
    expect(await conjur.resolve()).toEqual([])
    expect(conjur.requests).toEqual([])
  })
})

test("errors carry Conjur's code and status, never its words or the credentials", async () => {
  const conjur = conjurWith({ [one("a")]: missing })
  const results = await conjur.client.fetch(["a"], new AbortController().signal)
  const result = results.get("a")
  if (result?.ok !== false) throw new Error("a failure was expected")
  expect(result.error.upstream).toEqual({ operation: "read secret", status: 404, code: "not_found" })
  expect(JSON.stringify([result.error, result.error.message, String(result.error.cause)])).not.toContain(
    "canary",
  )
  expect(apiKey.apiKey).toContain("canary")
})
