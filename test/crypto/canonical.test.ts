import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { canonical, canonicalJson } from "../../core/crypto/canonical.ts"
import type { Json } from "../../core/json.ts"

const text = fc.string({ unit: "binary", maxLength: 12 })
/** Text that is made of what separates and escapes, so that encodings would collide if they could. */
const tricky = fc
  .array(fc.constantFrom('"', "\\", ",", "[", "]", "u", "0", "\u0000", "\ud800", "\udc00", "a"), {
    maxLength: 6,
  })
  .map((units) => units.join(""))
const list = fc.array(fc.oneof(text, tricky), { maxLength: 5 })

describe("the canonical encoding of a list of strings", () => {
  test("is the same for equal lists and differs for different ones, as bytes too", () => {
    fc.assert(
      fc.property(list, list, (a, b) => {
        const equal = a.length === b.length && a.every((part, i) => part === b[i])
        const [encodedA, encodedB] = [Buffer.from(canonical(a)), Buffer.from(canonical(b))]
        expect(encodedA.equals(encodedB)).toBe(equal)
      }),
      { numRuns: 500 },
    )
  })

  test("does not move text from one part to its neighbour", () => {
    fc.assert(
      fc.property(tricky, tricky, fc.nat(6), (a, b, at) => {
        const joined = a + b
        const other = [joined.slice(0, at), joined.slice(at)]
        fc.pre(other[0] !== a)
        expect(canonical(other)).not.toBe(canonical([a, b]))
      }),
    )
  })
})

describe("canonical JSON", () => {
  test("does not depend on the order of keys, and reads back as what it was", () => {
    const reversed = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(reversed)
      if (typeof value !== "object" || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, child]) => [key, reversed(child)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json
        expect(canonicalJson(reversed(json))).toBe(canonicalJson(json))
        expect(JSON.parse(canonicalJson(json))).toEqual(json)
      }),
    )
  })

  test("orders keys by code unit, and takes __proto__ for a plain key", () => {
    expect(canonicalJson(JSON.parse('{"b":1,"a":[{"__proto__":2,"Z":3}]}'))).toBe(
      '{"a":[{"Z":3,"__proto__":2}],"b":1}',
    )
  })
})
