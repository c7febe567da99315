import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  escapeLiteral,
  type Part,
  parseTemplate,
  printReference,
  printTemplate,
  type Template,
} from "../../core/references/reference.ts"
import { id, movedId, target, trickyText } from "./arbitraries.ts"

const anyText = fc.oneof(trickyText, fc.string({ unit: "binary" }))

const isWhole = (template: Template) => template.some((part) => typeof part !== "string" && !isOurs(part))
const isOurs = (part: Part) =>
  typeof part !== "string" && part.kind === "reference" && part.form === "latchkey"
const isActivepiecesForm = (text: string) =>
  /^\{\{(?!secret:\/\/)[^{}]+?\|ap_sep_v1\|[\s\S]+\}\}$/.test(text.trim()) && isWhole(parseTemplate(text))

describe("parsing", () => {
  test("gives literals, references or malformed ones for any string, and never throws", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parts = parseTemplate(text)
        for (const [index, part] of parts.entries()) {
          if (typeof part !== "string") continue
          expect(part).not.toBe("")
          expect(typeof parts[index - 1]).not.toBe("string")
        }
      }),
      { numRuns: 2000 },
    )
  })

  test("reads every opening as a reference, an error or an escape: no text of one is left over", () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const literal = parseTemplate(text)
          .map((part) => (typeof part === "string" ? part : ""))
          .join(" ")
        const openings = (of: string) => of.split("{{secret://").length - 1
        const escapes = text.split("\\{{secret://").length - 1
        expect(openings(literal)).toBeLessThanOrEqual(escapes)
      }),
      { numRuns: 2000 },
    )
  })

  test("leaves text without our opening and without the separator as it is", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!text.includes("{{secret://") && !text.includes("|ap_sep_v1|"))
        expect(parseTemplate(text).join("")).toBe(text)
      }),
    )
  })
})

describe("printing", () => {
  test("and parsing a reference gives it back, whatever its path and options", () => {
    fc.assert(
      fc.property(target, (target) => {
        expect(parseTemplate(printReference(target))).toEqual([
          { kind: "reference", form: "latchkey", rawPath: expect.any(String), ...target },
        ])
      }),
      { numRuns: 2000 },
    )
  })

  test("and parsing a template gives its texts and references back", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, target), { maxLength: 6 }), (parts) => {
        const text = printed(parts)
        fc.pre(text !== undefined)
        const expected: (string | object)[] = []
        for (const part of parts) {
          const last = expected.at(-1)
          if (typeof part !== "string") expected.push(part)
          else if (typeof last === "string") expected[expected.length - 1] = last + part
          else if (part !== "") expected.push(part)
        }
        const parsed = parseTemplate(text ?? "").map((part) =>
          typeof part !== "string" && part.kind === "reference"
            ? { connectionId: part.connectionId, path: part.path, options: part.options }
            : part,
        )
        expect(parsed).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test("again what was parsed says the same", () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const parts = parseTemplate(text)
        const known = parts.filter((part) => typeof part === "string" || isOurs(part))
        fc.pre(known.length === parts.length)
        const again = printed(known as Exclude<Part, { kind: "malformed" }>[])
        fc.pre(again !== undefined)
        const meaning = (of: Template) =>
          of.map((part) => (typeof part === "string" ? part : { ...part, rawPath: "" }))
        expect(meaning(parseTemplate(again ?? ""))).toEqual(meaning(parts))
      }),
      { numRuns: 2000 },
    )
  })

  /** Undefined for what nothing can print. */
  function printed(parts: Parameters<typeof printTemplate>[0]): string | undefined {
    try {
      return printTemplate(parts)
    } catch {
      return undefined
    }
  }
})

describe("an escaped text", () => {
  test("is the text again when resolved, unless it is the Activepieces form, which is refused", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (isActivepiecesForm(text)) expect(() => escapeLiteral(text)).toThrow()
        else expect(parseTemplate(escapeLiteral(text))).toEqual(text === "" ? [] : [text])
      }),
      { numRuns: 4000 },
    )
  })

  test("is longer by the escapes and nothing else", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (text.includes("{{secret://") || isActivepiecesForm(text)) return
        expect(escapeLiteral(text)).toBe(text)
      }),
    )
  })
})

describe("parsing and escaping take time in proportion to the length", () => {
  const size = 1024 * 1024
  const small = size / 16

  /** CPU time in milliseconds, the least of `runs`: other processes on the machine do not count. */
  function cost(run: () => void, runs = 1): number {
    const times = Array.from({ length: runs }, () => {
      const before = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    })
    return Math.min(...times)
  }

  const open = `{{secret://${id}/`
  test.each([
    ["openings", (length: number) => fill("{{secret://", length)],
    ["empty references", (length: number) => fill("{{secret://}}", length)],
    ["references", (length: number) => fill(`${open}a}}`, length)],
    ["references with bad options", (length: number) => fill(`${open}a?version=%}}`, length)],
    ["escaped openings", (length: number) => fill("\\{{secret://", length)],
    ["opening braces", (length: number) => fill("{", length)],
    ["closing braces in a path", (length: number) => open + fill("}", length).replace("}}", "}x")],
    ["closing braces", (length: number) => open + fill("}", length)],
    ["backslashes", (length: number) => `{{${fill("\\", length)}`],
    ["backslashes before an opening", (length: number) => `${fill("\\", length)}{{secret://`],
    ["backslashes in a path", (length: number) => `${open}${fill("\\", length)}}}`],
    ["escaped closings", (length: number) => open + fill("\\}}", length)],
    ["runs of backslashes", (length: number) => fill(`${"\\".repeat(999)}{{secret://`, length)],
    ["question marks", (length: number) => `${open}${fill("\\?", length)}}}`],
    ["ampersands", (length: number) => `${open}a?${fill("&", length)}}}`],
    ["spaces", (length: number) => `${open}a${fill(" ", length)}}}`],
    ["spaces between letters", (length: number) => `${open}${fill("    a", length)}}}`],
    ["separators", (length: number) => `{{${movedId}${fill("|ap_sep_v1|", length)}}}`],
    ["text before a separator", (length: number) => `{{${fill("a", length)}|ap_sep_v1|a}}`],
    ["white space", (length: number) => `${fill(" ", length)}x|ap_sep_v1|{{${fill(" ", length)}`],
  ])("for many %s", (_, text) => {
    const [little, much] = [text(small), text(size)]
    for (const run of [(of: string) => parseTemplate(of), escapeIfPossible]) {
      // Sixteen times the text; quadratic time would be 256 times as much.
      expect(cost(() => run(much))).toBeLessThan(100 * cost(() => run(little), 3) + 100)
    }
  })

  test("for a path of any length that is to be printed", () => {
    const print = (path: string) => () => expect(() => printReference({ connectionId: id, path })).toThrow()
    expect(cost(print(fill(" a", size)))).toBeLessThan(100 * cost(print(fill(" a", small)), 3) + 100)
  })

  function escapeIfPossible(text: string): void {
    try {
      escapeLiteral(text)
    } catch {
      // The Activepieces form.
    }
  }

  function fill(unit: string, length: number): string {
    return unit.repeat(Math.ceil(length / unit.length))
  }
})
