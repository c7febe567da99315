import { expect, test } from "vitest"
import type { ProviderError } from "../../../core/errors.ts"
import { parseDocument, parseFolder, parsePath } from "../../../core/providers/onepassword/path.ts"

const refused = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return `${(error as ProviderError).reason}: ${(error as Error).message}`
  }
  return "nothing was refused"
}

test("all fields of an item are one document, whatever their sections and pointers", () => {
  const documents = [
    parsePath("op://Production/Stripe/Secret Key", {}),
    parsePath("op://Production/Stripe/Admin/Secret Key", { attribute: "type" }),
    parsePath("op://Production/Stripe/config", { pointer: "/a" }),
  ].map(({ document }) => document)
  expect(documents).toEqual(["Production/Stripe", "Production/Stripe", "Production/Stripe"])
})

test("the canonical path is the reference as written, without its options", () => {
  expect(parsePath("op://Production/Stripe/Key", { attribute: "otp" }).path).toBe(
    "op://Production/Stripe/Key",
  )
})

test("one-time codes are a document that is never kept", () => {
  const code = parsePath("op://V/I/one-time password", { attribute: "otp" })
  expect(code).toMatchObject({ document: "V/I?attribute=otp", uncached: true })
  expect(parsePath("op://V/I/one-time password", {}).uncached).toBeUndefined()
})

test("what is wanted as base64 is a document for its place", () => {
  expect(parsePath("op://V/I/S/key.p12", { encoding: "base64" }).document).toBe(
    "V/I/S/key.p12?encoding=base64",
  )
})

test("no name can be taken for another document", () => {
  const paths: [string, object][] = [
    ["op://V/I?attribute=otp/f", {}],
    ["op://V/I/f", { attribute: "otp" }],
    ["op://V/I/f", { encoding: "base64" }],
    ["op://V/I/S/f", { encoding: "base64" }],
    ["op://V/S%2Ff/f", { encoding: "base64" }],
    ["op://V%2FI/x/f", {}],
    ["op://V/I/f", {}],
  ]
  const documents = paths.map(([path, options]) => parsePath(path, options).document)
  expect(new Set(documents).size).toBe(documents.length)
  const [vault, item] = ["a ?&#%2F", "ü🔑"]
  expect(parseDocument(parsePath(`op://${vault}/${item}/s/f`, { encoding: "base64" }).document)).toEqual({
    vault,
    item,
    content: { section: "s", field: "f" },
  })
})

test.each([
  "Production/Stripe/Key",
  "op:/Production/Stripe/Key",
  "OP://Production/Stripe/Key",
  "op://Production/Stripe",
  "op://Production/Stripe/",
  "op://Production//Key",
  "op:///Stripe/Key",
  "op://Production/ /Key",
  "op://a/b/c/d/e",
  "op://a/b\u0000/c",
  "op://a/b\ud800/c",
])("%j is refused, saying what was expected", (path) =>
  expect(refused(() => parsePath(path, {}))).toMatch(/^INVALID_PATH: .*`op:\/\/vault\/item\/field`/),
)

test.each([
  [{ version: "1" }, "no option `version`"],
  [{ encoding: "hex" }, "`encoding`"],
  [{ attribute: "secret" }, "`attribute` must be one of"],
  [{ attribute: "otp", encoding: "base64" }, "`encoding`"],
  [{ attribute: "otp", pointer: "/a" }, "`pointer`"],
  [{ pointer: "a" }, "`pointer`"],
])("the options %j are refused by name", (options, text) => {
  const message = refused(() => parsePath("op://a/b/c", options))
  expect(message).toMatch(/^INVALID_PATH/)
  expect(message).toContain(text)
})

test("folders are nothing, a vault, or a vault and an item", () => {
  expect([
    parseFolder(""),
    parseFolder("op://"),
    parseFolder("op://V/"),
    parseFolder("op://V"),
    parseFolder("op://V/I/"),
  ]).toEqual([[], [], ["V"], ["V"], ["V", "I"]])
  expect(refused(() => parseFolder("op://V/I/f/"))).toMatch(/^INVALID_PATH/)
  expect(refused(() => parseFolder("V/"))).toMatch(/^INVALID_PATH/)
})
