import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { checkParsed, parseJson } from "../../functions/chain/parse-json.ts"

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

const accepts = (act: () => unknown) => {
  try {
    act()
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: "VALIDATION" })
    return false
  }
}

/** Texts around JSON: what is broken about them is often a quote, a bracket or an escape. */
const broken = fc.string({
  unit: fc.constantFrom('"', "\\", "[", "]", "{", "}", ":", ",", "1", "a", " "),
  maxLength: 40,
})

describe("parsing a body", () => {
  test("gives what JSON.parse gives, up to the depth", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 0, max: 6 }), (text, maxDepth) => {
        const value = JSON.parse(text)
        const fits = depthOf(value) <= maxDepth + 1
        expect(accepts(() => parseJson(text, maxDepth))).toBe(fits)
        expect(accepts(() => checkParsed(value, maxDepth, 1e9))).toBe(fits)
        if (fits) expect(parseJson(text, maxDepth)).toEqual(value)
      }),
    )
  })

  test("refuses what JSON.parse refuses, as VALIDATION and nothing else", () => {
    fc.assert(
      fc.property(broken, (text) => {
        const parsed = accepts(() => parseJson(text, 64))
        expect(parsed).toBe(accepts(() => parseJson(text, 1e9)))
        if (parsed) expect(() => JSON.parse(text)).not.toThrow()
      }),
    )
  })

  test.each([
    ["[1e400]", '["1e400"]'],
    ["-1e309", '"-1e309"'],
    [`{"a":{"b":[0,${"9".repeat(309)}.5]}}`, "179769313486231570000e288"],
    [`${"1".repeat(250)}e99`, "1E+308"],
  ])("refuses a number that would be infinite, %#, and no other", (infinite, finite) => {
    expect(() => parseJson(infinite, 64)).toThrow(
      expect.objectContaining({ code: "VALIDATION", message: expect.stringContaining("number") }),
    )
    expect(() => checkParsed(JSON.parse(infinite), 64, 1e6)).toThrow(
      expect.objectContaining({ code: "VALIDATION" }),
    )
    expect(parseJson(finite, 64)).toEqual(JSON.parse(finite))
    expect(() => checkParsed(JSON.parse(finite), 64, 1e6)).not.toThrow()
  })

  test("says how deep what is in the body may nest, the body itself not counted", () => {
    const value = (levels: number) => `{"value":${"[".repeat(levels)}${"]".repeat(levels)}}`
    expect(parseJson(value(64), 64)).toBeDefined()
    expect(() => parseJson(value(65), 64)).toThrow(
      expect.objectContaining({
        fields: { issues: [{ pointer: "", message: "nests deeper than 64 levels" }] },
      }),
    )
  })

  test("of duplicate keys takes the last, and keeps __proto__ as a key", () => {
    const value = parseJson('{"a":1,"a":2,"__proto__":{"x":1}}', 64)
    expect(JSON.stringify(value)).toBe('{"a":2,"__proto__":{"x":1}}')
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test("takes time proportional to the length, also for runs of backslashes and quotes", () => {
    for (const unit of ["1", "1e9", "9e", "\\", '"', '\\"', "[", "]", '"\\\\"'])
      accepts(() => parseJson(`["${unit.repeat(500_000)}`, 64))
  })
})

test("a parsed payload is measured as JSON would be", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const bytes = Buffer.byteLength(JSON.stringify(value))
      // Escapes are not counted, commas and colons about: never more than twice off for what is not all escapes.
      expect(() => checkParsed(value, 1e9, bytes * 2 + 16)).not.toThrow()
    }),
  )
  expect(() => checkParsed(["x".repeat(1000)], 64, 1000)).toThrow(
    expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
  )
})
