import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isObject, type Json } from "../../core/json.ts"
import { isPointer, parsePointer, printPointer, readPointer } from "../../core/references/json-pointer.ts"

describe("a JSON pointer", () => {
  /** RFC 6901, section 5. */
  const document: Json = {
    foo: ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
  }

  test.each([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%j finds what the RFC says", (pointer, found) => {
    expect(readPointer(document, pointer)).toEqual(found)
  })

  test.each([
    "/foo/2",
    "/foo/-",
    "/foo/00",
    "/foo/01",
    "/foo/+1",
    "/foo/1e0",
    "/foo/",
    "/foo/length",
    "/foo/0/0",
  ])("%j finds nothing", (pointer) => {
    expect(readPointer(document, pointer)).toBeUndefined()
  })

  test.each(["foo", "#/foo", "/m~n", "/m~", "/~2"])("%j is no pointer and finds nothing", (text) => {
    expect(isPointer(text)).toBe(false)
    expect(readPointer(document, text)).toBeUndefined()
  })

  test("finds own properties only", () => {
    expect(readPointer({}, "/__proto__")).toBeUndefined()
    expect(readPointer({}, "/constructor/name")).toBeUndefined()
    expect(readPointer("text", "/length")).toBeUndefined()
    expect(readPointer(JSON.parse('{"__proto__":{"constructor":"mine"}}'), "/__proto__/constructor")).toBe(
      "mine",
    )
  })

  test("unescapes ~01 to ~1, not to a slash", () => {
    expect(parsePointer("/~01")).toEqual(["~1"])
  })

  test("finds null, which is a value", () => {
    expect(readPointer({ a: null }, "/a")).toBeNull()
    expect(readPointer({ a: null }, "/a/b")).toBeUndefined()
  })

  test("is printed and parsed back, whatever its tokens", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("~", "/", "0", "1", "a", "\ud800") })),
        (tokens) => {
          expect(parsePointer(printPointer(tokens))).toEqual(tokens)
        },
      ),
    )
  })

  test("leads to every value that a walk meets", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const walk = (at: Json, tokens: (string | number)[]) => {
          expect(readPointer(value as Json, printPointer(tokens))).toBe(at)
          if (Array.isArray(at)) {
            for (const [index, item] of at.entries()) walk(item, [...tokens, index])
          } else if (isObject(at)) {
            for (const [key, item] of Object.entries(at)) walk(item, [...tokens, key])
          }
        }
        walk(value as Json, [])
      }),
    )
  })
})
