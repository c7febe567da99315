import { describe, expect, test } from "vitest"
import {
  browsedReference,
  fillTemplate,
  onlyReference,
  referencesIn,
  typedReference,
} from "../../web/src/picker/path-template.ts"

const id = "smc_V1StGXR8_Z5jdHi6B-myT"

describe("the path of a secret", () => {
  test("is what the template makes of its parameters; a bracket goes with its parameter", () => {
    expect(fillTemplate("{name}[#{key}]", { name: " prod/db ", key: "password" })).toBe("prod/db#password")
    expect(fillTemplate("{name}[#{key}]", { name: "prod/db" })).toBe("prod/db")
    expect(fillTemplate("{name}[#{key}]", { key: "password" })).toBeUndefined()
  })

  test("is not taken from a template's own names", () => {
    expect(fillTemplate("{constructor}", {})).toBeUndefined()
    expect(fillTemplate("{path}", { path: "a{path}$&" })).toBe("a{path}$&")
  })
})

describe("a reference", () => {
  test("that was typed is escaped, and carries options as they are written", () => {
    expect(typedReference(id, "a}b?", "")).toBe(`{{secret://${id}/a\\}b\\?}}`)
    expect(typedReference(id, "a", "?version=3")).toBe(`{{secret://${id}/a?version=3}}`)
    expect(() => typedReference(id, "a", "colour=red")).toThrow(/There is no option "colour"/)
  })

  test("that was browsed is taken as it is, since browsing escapes", () => {
    const browsed = browsedReference(id, "a\\?b")
    expect(onlyReference(browsed)).toMatchObject({ path: "a?b", connectionId: id })
  })

  test("is told from text around it, and from what is malformed", () => {
    expect(onlyReference(`x {{secret://${id}/a}}`)).toBe("")
    expect(onlyReference("{{secret://x")).toMatch(/ends with/)
    expect(referencesIn(`x {{secret://${id}/a}}{{secret://${id}/b}}`)).toEqual({ references: 2 })
    expect(referencesIn("{{secret://x").malformed).toBeDefined()
    expect(referencesIn("{{step.output}}")).toEqual({ references: 0 })
  })
})
