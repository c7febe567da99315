import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isObject, type Json } from "../../core/json.ts"
import { printPointer, readPointer } from "../../core/references/json-pointer.ts"
import { printReference } from "../../core/references/reference.ts"
import { type Found, findReferences, type Place, rebuild } from "../../core/references/template.ts"
import { id, trickyText } from "./arbitraries.ts"

const a = printReference({ connectionId: id, path: "a" })
const b = printReference({ connectionId: id, path: "b" })

/** Each reference becomes its path in brackets. */
const inBrackets = ({ parts }: Place) =>
  parts
    .map((part) => (typeof part === "string" ? part : part.kind === "reference" ? `[${part.path}]` : "[!]"))
    .join("")

const resolve = (value: Json, at?: string[]) => rebuild(findReferences(value, at), inBrackets)
const pointers = (found: Found) => found.places.map(({ pointer }) => pointer)

function nested(depth: number, innermost: Json): Json {
  let value = innermost
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { deeper: value }
  return value
}

describe("references", () => {
  test("are found in strings, objects and arrays, with a pointer to their string", () => {
    const value = { url: `https://${a}@${b}/`, list: ["x", { "a/b~c": a }], "": b, plain: "x" }
    const found = findReferences(value)
    expect(pointers(found)).toEqual(["/url", "/list/1/a~1b~0c", "/"])
    expect(rebuild(found, inBrackets)).toEqual({
      url: "https://[a]@[b]/",
      list: ["x", { "a/b~c": "[a]" }],
      "": "[b]",
      plain: "x",
    })
  })

  test("are found in a value that is a string", () => {
    expect(pointers(findReferences(a))).toEqual([""])
    expect(resolve(a)).toBe("[a]")
  })

  test("in keys are no references", () => {
    const value = { [a]: "x", y: { [b]: b } }
    expect(resolve(value)).toEqual({ [a]: "x", y: { [b]: "[b]" } })
  })

  test("leave numbers, booleans and null as they are", () => {
    const value = [0, -0, 1.5, true, false, null, a]
    expect(resolve(value)).toEqual([0, -0, 1.5, true, false, null, "[a]"])
  })

  test("that fail make null of their string", () => {
    expect(rebuild(findReferences({ x: `pre ${a}`, y: [b] }), () => null)).toEqual({ x: null, y: [null] })
  })

  test("that are malformed are found like others", () => {
    const found = findReferences({ x: "{{secret://typo/a}}" })
    expect(found.places).toMatchObject([{ pointer: "/x", parts: [{ kind: "malformed" }] }])
  })

  test("are replaced in the order of the places, each once", () => {
    const found = findReferences([a, { x: `${a}${b}` }, b])
    const seen: Place[] = []
    rebuild(found, (place) => {
      seen.push(place)
      return ""
    })
    expect(seen).toEqual(found.places)
  })

  test("that a value brings along are not resolved again", () => {
    expect(rebuild(findReferences([a]), () => b)).toEqual([b])
  })

  test("that are escaped become their text, with or without a live one in the value", () => {
    expect(resolve({ x: `\\${a}`, y: `\\\\\\${a}` })).toEqual({ x: a, y: `\\${a}` })
    expect(resolve([`\\${a}`, a])).toEqual([a, "[a]"])
  })
})

describe("the value that is searched", () => {
  test("is not changed, and what has nothing to replace is shared with the result", () => {
    const value = { kept: { deep: ["{{step}}", {}] }, changed: { here: a, other: ["x"] } }
    const before = structuredClone(value)
    const result = resolve(value) as typeof value
    expect(value).toEqual(before)
    expect(result.kept).toBe(value.kept)
    expect(result.changed).not.toBe(value.changed)
    expect(result.changed.other).toBe(value.changed.other)
  })

  test("may be rebuilt more than once, into different results", () => {
    const found = findReferences({ x: [a] })
    expect(rebuild(found, () => "1")).toEqual({ x: ["1"] })
    expect(rebuild(found, () => "2")).toEqual({ x: ["2"] })
  })

  test("is the result itself where it has no reference", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(resolve(value as Json)).toBe(value)
      }),
    )
  })

  test("may be frozen", () => {
    const value = Object.freeze({ x: Object.freeze([a]) as Json[] })
    expect(resolve(value)).toEqual({ x: ["[a]"] })
  })

  test("keeps the order of its keys", () => {
    const text = JSON.stringify({ z: "1", b: a, a: "2", 1: b })
    expect(JSON.stringify(resolve(JSON.parse(text)))).toBe(text.replace(a, "[a]").replace(b, "[b]"))
  })

  test("has __proto__ and constructor as plain data", () => {
    const text = `{"__proto__":{"x":"${a}"},"constructor":"${a}","toString":{"__proto__":"${b}"}}`
    const value = JSON.parse(text)
    const result = resolve(value) as object
    expect(JSON.stringify(result)).toBe(text.replaceAll(a, "[a]").replace(b, "[b]"))
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
    expect("x" in result).toBe(false)
    expect(JSON.stringify(value)).toBe(text)
    expect(pointers(findReferences(value))).toEqual(["/__proto__/x", "/constructor", "/toString/__proto__"])
  })
})

describe("`at`", () => {
  const value = { auth: { token: a, list: [a, b] }, body: a, authority: a, escaped: `\\${a}` }

  test.each<[string[], Json]>([
    [[], value],
    [[""], { auth: { token: "[a]", list: ["[a]", "[b]"] }, body: "[a]", authority: "[a]", escaped: a }],
    [["/auth"], { ...value, auth: { token: "[a]", list: ["[a]", "[b]"] } }],
    [["/auth/token"], { ...value, auth: { ...value.auth, token: "[a]" } }],
    [["/auth/list/1"], { ...value, auth: { ...value.auth, list: [a, "[b]"] } }],
    [
      ["/auth/list/1", "/auth", "/body"],
      { ...value, auth: { token: "[a]", list: ["[a]", "[b]"] }, body: "[a]" },
    ],
  ])("%j reads references there and below only", (at, expected) => {
    expect(resolve(value, at)).toEqual(expected)
  })

  test.each([
    ["/auth/list/-"],
    ["/auth/list/01"],
    ["/auth/list/length"],
    ["/auth/token/0"],
    ["/nothing/here"],
    ["/__proto__"],
    ["/constructor/prototype"],
    [printPointer(Array(200).fill("auth"))],
  ])("%s names nothing, which is no error", (pointer) => {
    expect(resolve(value, [pointer])).toBe(value)
  })

  test("names own keys only, whatever they are called", () => {
    const own = JSON.parse(`{"__proto__":"${a}","constructor":"${b}"}`)
    expect(JSON.stringify(resolve(own, ["/__proto__"]))).toBe(`{"__proto__":"[a]","constructor":"${b}"}`)
  })

  test.each(["auth", "#/auth", "/a~", "/a~2"])("%j is no pointer and is refused", (pointer) => {
    expect(() => findReferences(value, ["/auth", pointer])).toThrow(
      expect.objectContaining({
        code: "VALIDATION",
        fields: { issues: [{ pointer: "/at/1", message: expect.any(String) }] },
      }),
    )
  })

  test("with the pointers of some places resolves these and no others", () => {
    fc.assert(
      fc.property(treeOfReferences, fc.infiniteStream(fc.boolean()), (value, choices) => {
        const all = pointers(findReferences(value))
        const some = all.filter(() => choices.next().value)
        expect(pointers(findReferences(value, some))).toEqual(some)
      }),
    )
  })
})

describe("limits", () => {
  test("64 levels of nesting are walked, wherever references are read", () => {
    expect(findReferences(nested(64, a)).places).toHaveLength(1)
    expect(resolve(nested(64, a))).toEqual(nested(64, "[a]"))
    for (const deep of [nested(65, a), nested(65, 0), nested(64, []), nested(100_000, a)]) {
      for (const at of [undefined, [], ["/0"]]) {
        expect(() => findReferences(deep, at)).toThrow(
          expect.objectContaining({
            code: "VALIDATION",
            fields: { issues: [{ pointer: "/value", message: "nests deeper than 64 levels" }] },
          }),
        )
      }
    }
  })

  test.each<[string, (count: number) => Json]>([
    ["one string", (count) => a.repeat(count)],
    ["an array", (count) => Array(count).fill(a)],
    ["both", (count) => [a.repeat(count - 200), { x: b.repeat(200) }]],
    ["malformed ones", (count) => [a.repeat(count - 1), "{{secret://"]],
  ])("500 references are allowed, repetitions counted, in %s", (_, value) => {
    expect(() => findReferences(value(500))).not.toThrow()
    expect(() => findReferences(value(501))).toThrow(expect.objectContaining({ code: "TOO_MANY_REFERENCES" }))
  })

  test("references that are escaped or outside `at` do not count", () => {
    expect(() => findReferences([`\\${a}`.repeat(1000), a])).not.toThrow()
    expect(() => findReferences({ in: a, out: a.repeat(1000) }, ["/in"])).not.toThrow()
  })

  test("one long key over many references is escaped once", () => {
    const key = "~/".repeat(500_000)
    const before = process.cpuUsage()
    const found = findReferences({ [key]: Array(500).fill(a) })
    // Once takes milliseconds, 500 times more than a second.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500)
    expect(found.places[499]?.pointer.endsWith("/499")).toBe(true)
  })
})

describe("finding and rebuilding", () => {
  test("with each place's own text gives an equal value, and pointers lead to their strings", () => {
    fc.assert(
      fc.property(treeOfReferences, (value) => {
        const found = findReferences(value)
        const own = (place: Place) => readPointer(value, place.pointer) as string
        for (const place of found.places) expect(own(place)).toContain("{{")
        expect(rebuild(found, own)).toEqual(value)
      }),
    )
  })

  test("agrees with a plain walk over every string", () => {
    const plainly = (value: Json): Json => {
      if (typeof value === "string") return resolve(value)
      if (Array.isArray(value)) return value.map(plainly)
      if (!isObject(value)) return value
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainly(child)]))
    }
    const tree = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        trickyText,
        fc.constantFrom<Json>(null, 1, true),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(trickyText, fc.constantFrom("__proto__", "constructor")), tie("tree"), {
          maxKeys: 4,
        }),
      ),
    })).tree
    fc.assert(
      fc.property(tree, (value) => {
        const before = JSON.stringify(value)
        expect(JSON.stringify(resolve(value))).toBe(JSON.stringify(plainly(value)))
        expect(JSON.stringify(value)).toBe(before)
      }),
      { numRuns: 500 },
    )
  })
})

const treeOfReferences = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(a, `x${a}y${b}`, "plain", 1, null),
    fc.array(tie("tree"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom("a", "/", "~", "0") }), tie("tree"), { maxKeys: 5 }),
  ),
})).tree
