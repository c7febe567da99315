import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { contentOf, parsePath } from "../../../core/providers/conjur/path.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"

const document = (path: string, options: ReferenceOptions = {}) => parsePath(path, options).document

describe("a variable's id", () => {
  test("is kept as it was written, and is one encoded segment", () => {
    expect(parsePath("data/app/api key", {})).toMatchObject({
      path: "data/app/api key",
      document: "data%2Fapp%2Fapi%20key",
    })
    expect(document("a%2Fb?c#d+é:,")).toBe("a%252Fb%3Fc%23d%2B%C3%A9%3A%2C")
  })

  test("has the version in the document, and the other options out of it", () => {
    expect(document("a/b", { version: "3", pointer: "/x" })).toBe("a%2Fb?version=3")
    expect(document("a/b", { encoding: "base64" })).toBe(document("a/b"))
    expect(document("a/b?version=3")).not.toBe(document("a/b", { version: "3" }))
  })

  test.each([
    ["", "nothing"],
    ["/data/app", "a leading slash"],
    ["data/app/", "a trailing slash"],
    ["data//app", "an empty segment"],
    ["data/../app", "dots"],
    ["data/.", "a dot"],
    ["..", "dots alone"],
    ["data/a\nb", "a line break"],
    ["data/a\u0000", "a NUL"],
    ["data/\ud800", "half a character"],
    ["data/dynamic/aws-role", "a dynamic secret"],
  ])("%j is refused: %s", (path) => {
    expect(() => parsePath(path, {})).toThrow(expect.objectContaining({ reason: "INVALID_PATH" }))
  })

  test.each([
    { version: "0" },
    { version: "01" },
    { version: "-1" },
    { version: "2147483648" },
    { version: "1&x=y" },
    { pointer: "no-slash" },
    { encoding: "hex" },
    { encoding: "base64", pointer: "/a" },
    { stage: "AWSCURRENT" },
    { attribute: "otp" },
  ])("refuses the options %j", (options) => {
    expect(() => parsePath("data/app", options)).toThrow(expect.objectContaining({ reason: "INVALID_PATH" }))
  })

  test("equal documents come from equal ids only, and stay one segment of a URL", () => {
    const parse = (path: string) => {
      try {
        return document(path)
      } catch (error) {
        expect(error).toBeInstanceOf(ProviderError)
        return undefined
      }
    }
    const id = fc.string({ unit: "binary", minLength: 1 })
    fc.assert(
      fc.property(id, id, (left, right) => {
        const [a, b] = [parse(left), parse(right)]
        if (a !== undefined && a === b) expect(left).toBe(right)
        if (a === undefined) return
        const url = new URL(`https://c/secrets/acct/variable/${a}`)
        expect(url.href).toBe(`https://c/secrets/acct/variable/${a}`)
        expect(url.pathname.split("/")).toHaveLength(5)
      }),
    )
  })
})

describe("a value", () => {
  test("gives its bytes back as base64, text or not", () => {
    const select = parsePath("a", { encoding: "base64" }).select
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        expect(select(contentOf(Buffer.from(array)))).toBe(Buffer.from(array).toString("base64"))
      }),
    )
    expect(select(contentOf(Buffer.from("\ufeffabc")))).toBe(Buffer.from("\ufeffabc").toString("base64"))
  })

  test("is text where it is UTF-8, a byte order mark and NUL included", () => {
    for (const text of ["plain", "", "ü☃🔑", "\ufeffabc", "a\u0000b"])
      expect(parsePath("a", {}).select(contentOf(Buffer.from(text)))).toBe(text)
  })

  test("that is binary says how to get it", () => {
    const content = contentOf(Buffer.from([0xff, 0xfe]))
    for (const options of [{}, { pointer: "/a" }])
      expect(() => parsePath("a", options).select(content)).toThrow(/encoding=base64/)
  })

  test("that is JSON has parts", () => {
    const select = (pointer: string) => parsePath("a", { pointer }).select('{"a":{"b":""},"n":[1]}')
    expect(select("/a/b")).toBe("")
    expect(select("/n")).toBe("[1]")
    expect(() => select("/none")).toThrow(expect.objectContaining({ reason: "NOT_FOUND" }))
  })
})
