import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { parsePath } from "../../../core/providers/aws/path.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
const version = "a760d62c-2e26-4347-9d7e-ada9cac1debf"

const reasonOf = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return (error as ProviderError).reason
  }
}
const select = (path: string, content: unknown, options: ReferenceOptions = {}) =>
  reasonOf(() => parsePath(path, options).select(content as never))

describe("a path", () => {
  test.each([
    ["prod/db", "prod/db", "prod/db"],
    ["prod/db#password", "prod/db", "prod/db#password"],
    ["prod/db#a#b", "prod/db", "prod/db#a#b"],
    [arn, arn, arn],
    [`${arn}#key`, arn, `${arn}#key`],
    ["prod/db|ap_sep_v1|password", "prod/db", "prod/db#password"],
    ["a_b/c+d=e.f@g-h", "a_b/c+d=e.f@g-h", "a_b/c+d=e.f@g-h"],
  ])("%s is of the document %s", (path, document, canonical) => {
    expect(parsePath(path, {})).toMatchObject({ path: canonical, document })
  })

  test.each([
    ...["", "#key", "name#", "with space", "ünï", "what?", "a\nb", "x".repeat(513)],
    ...["arn:aws:s3:eu-west-1:123456789012:secret:x", "arn:aws:secretsmanager:eu-west-1:12:secret:x"],
  ])("%j is refused", (path) => {
    expect(() => parsePath(path, {})).toThrow(ProviderError)
  })

  test("a version and a stage make another document, and are read back out of it", async () => {
    const { versionOf } = await import("../../../core/providers/aws/path.ts")
    const stage = "a b&c=ü"
    const { path, document } = parsePath("prod/db#k", { version, stage })
    expect(path).toBe("prod/db#k")
    expect(document).not.toBe("prod/db")
    expect(versionOf(document)).toEqual({ id: "prod/db", version, stage })
    expect(versionOf("prod/db")).toEqual({ id: "prod/db" })
  })

  test.each([
    { attribute: "otp" },
    { version: "3" },
    { version: `${version} ` },
    { stage: "" },
    { stage: "a\u0000" },
    { pointer: "no-slash" },
  ] as ReferenceOptions[])("the options %j are refused", (options) => {
    expect(reasonOf(() => parsePath("prod/db", options))).toBe("INVALID_PATH")
  })
})

describe("a value", () => {
  const json = { string: '{"a":"1","":"x","n":{"m":[1]},"__proto__":"own"}' }

  test("is the text, a key of its JSON, or what a pointer finds there", () => {
    expect(select("s", { string: "" })).toBe("")
    expect(select("s", json)).toBe(json.string)
    expect(select("s#a", json)).toBe("1")
    expect(select("s#__proto__", json)).toBe("own")
    expect(select("s", json, { pointer: "/n/m/0" })).toBe("1")
    expect(select("s#n", json, { pointer: "/m" })).toBe("[1]")
  })

  test("is missing where the JSON lacks the key, inherited names included", () => {
    expect(select("s#b", json)).toBe("NOT_FOUND")
    expect(select("s#constructor", json)).toBe("NOT_FOUND")
  })

  test("has no keys where it is no JSON object", () => {
    for (const string of ["plain", "[1]", "null", '"text"'])
      expect(select("s#a", { string })).toBe("UNSUPPORTED_VALUE")
  })

  test("that is binary comes as base64 alone, and as a whole", () => {
    const binary = { binary: "AAE=" }
    expect(select("s", binary)).toBe("UNSUPPORTED_VALUE")
    expect(select("s", binary, { encoding: "base64" })).toBe("AAE=")
    expect(select("s#a", binary, { encoding: "base64" })).toBe("UNSUPPORTED_VALUE")
    expect(select("s", binary, { encoding: "base64", pointer: "/a" })).toBe("UNSUPPORTED_VALUE")
  })

  test("that is text comes as the base64 of its UTF-8 where that is asked for", () => {
    expect(select("s", { string: "ü" }, { encoding: "base64" })).toBe("w7w=")
    expect(select("s#a", json, { encoding: "base64" })).toBe("MQ==")
  })
})
