import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { documentOf, parsePath } from "../../../core/providers/hashicorp/path.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"

const document = (path: string, options: ReferenceOptions = {}) => parsePath(path, options).document

describe("a Vault path", () => {
  test("is a document and a key, and is kept as it was written", () => {
    const reference = parsePath("secret/data/app/api_key", {})
    expect(reference).toMatchObject({ path: "secret/data/app/api_key", document: "secret/data/app" })
    expect(reference.select({ api_key: "v" })).toBe("v")
  })

  test("keeps the version in the document, and the pointer out of it", () => {
    expect(document("a/data/b/k", { version: "3", pointer: "/x" })).toBe("a/data/b?version=3")
  })

  test("is encoded by segment, and nothing in it is decoded", () => {
    expect(document("secret/data/a b%2Fc?d#e+é&#x2F;f/k")).toBe(
      "secret/data/a%20b%252Fc%3Fd%23e%2B%C3%A9%26%23x2F%3Bf",
    )
  })

  test("with a question mark is another document than one with a version", () => {
    expect(document("m/p?version=1/k")).not.toBe(document("m/p/k", { version: "1" }))
  })

  test.each([
    ["", "nothing"],
    ["secret", "a mount"],
    ["secret/app", "no key"],
    ["/secret/data/app/k", "a leading slash"],
    ["secret/data/app/", "a trailing slash"],
    ["secret//app/k", "an empty segment"],
    ["secret/data/../../sys/k", "dots"],
    ["secret/./app/k", "a dot"],
    ["secret/data/app/..", "dots for a key"],
    ["auth/token/lookup-self/id", "Vault's auth methods"],
    ["sys/internal/x/y", "Vault's own"],
    ["identity/entity/id/x/name", "identities"],
    ["cubbyhole/a/k", "the token's own store"],
    ["secret/data/a\nb/k", "a line break"],
    ["secret/data/a\u0000b/k", "a NUL"],
    ["secret/data/a\u00a0b/k", "a no-break space"],
    ["secret/data/\ud800/k", "half a character"],
  ])("%j is refused: %s", (path) => {
    expect(() => parsePath(path, {})).toThrow(expect.objectContaining({ reason: "INVALID_PATH" }))
  })

  test.each([
    { version: "0" },
    { version: "01" },
    { version: "-1" },
    { version: "latest" },
    { version: "1&list=true" },
    { pointer: "no-slash" },
    { pointer: "/~2" },
    { stage: "AWSCURRENT" },
    { encoding: "base64" },
    { attribute: "otp" },
  ])("refuses the options %j", (options) => {
    expect(() => parsePath("secret/data/app/k", options)).toThrow(
      expect.objectContaining({ reason: "INVALID_PATH" }),
    )
  })

  test("equal documents come from equal paths only, and stay below their first segment in a URL", () => {
    const segments = fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 3, maxLength: 5 })
    const parse = (path: string) => {
      try {
        return document(path)
      } catch (error) {
        expect(error).toBeInstanceOf(ProviderError)
        return undefined
      }
    }
    fc.assert(
      fc.property(segments, segments, (left, right) => {
        const [a, b] = [parse(left.join("/")), parse(right.join("/"))]
        if (a !== undefined && a === b)
          expect(left.join("/").split("/").slice(0, -1)).toEqual(right.join("/").split("/").slice(0, -1))
        if (a !== undefined) expect(new URL(`https://v/v1/${a}`).href).toBe(`https://v/v1/${a}`)
      }),
    )
  })
})

describe("selecting", () => {
  const select = (
    content: Parameters<ReturnType<typeof parsePath>["select"]>[0],
    key: string,
    pointer?: string,
  ) => parsePath(`secret/data/app/${key}`, pointer === undefined ? {} : { pointer }).select(content)

  test("an empty string is a value", () => expect(select({ k: "" }, "k")).toBe(""))

  test.each([
    [7, "7"],
    [true, "true"],
    [null, "null"],
    [{ a: [1, "x"] }, '{"a":[1,"x"]}'],
  ])("%j becomes compact JSON", (value, text) => expect(select({ k: value }, "k")).toBe(text))

  test("a pointer goes into objects and into JSON kept as a string", () => {
    expect(select({ k: { "a/b": ["x", "y"] } }, "k", "/a~1b/1")).toBe("y")
    expect(select({ k: '{"a":{"b":2}}' }, "k", "/a")).toBe('{"b":2}')
    expect(select({ k: "plain" }, "k", "")).toBe("plain")
  })

  test.each([
    [{}, "k", undefined, "NOT_FOUND"],
    [{ k: {} }, "k", "/a", "NOT_FOUND"],
    [{ k: {} }, "k", "/constructor", "NOT_FOUND"],
    [{}, "toString", undefined, "NOT_FOUND"],
    [{ k: "plain" }, "k", "/a", "UNSUPPORTED_VALUE"],
    [{ k: "x".repeat(64 * 1024 + 1) }, "k", undefined, "UNSUPPORTED_VALUE"],
    [{ k: "é".repeat(32 * 1024 + 1) }, "k", undefined, "UNSUPPORTED_VALUE"],
  ])("%j without what is asked for", (content, key, pointer, reason) => {
    expect(() => select(content, key, pointer)).toThrow(expect.objectContaining({ reason }))
  })

  test("64 KiB is not too large", () => {
    expect(select({ k: "é".repeat(32 * 1024) }, "k")).toHaveLength(32 * 1024)
  })

  test("errors do not quote what was found", () => {
    try {
      select({ k: "canary-value" }, "k", "/a")
    } catch (error) {
      expect(JSON.stringify([error, String(error), (error as Error).cause])).not.toContain("canary")
    }
  })
})

test("a probe path is a path without a key", () => {
  expect(documentOf("secret/data/a b")).toBe("secret/data/a%20b")
  for (const path of ["secret", "sys/health", "secret/", "secret/a\tb", "secret/.."]) {
    expect(() => documentOf(path)).toThrow(ProviderError)
  }
})
