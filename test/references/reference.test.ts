import { describe, expect, test } from "vitest"
import {
  escapeLiteral,
  type Part,
  parseTemplate,
  printReference,
  printTemplate,
} from "../../core/references/reference.ts"
import { id, movedId } from "./arbitraries.ts"

/** The only part of a text that is one reference. */
function only(text: string): Exclude<Part, string> {
  const [part, ...others] = parseTemplate(text)
  if (part === undefined || typeof part === "string" || others.length > 0)
    throw new Error("not one reference")
  return part
}

const pathOf = (written: string) => only(`{{secret://${id}/${written}}}`)
const optionsOf = (written: string) => only(`{{secret://${id}/a?${written}}}`)

describe("a reference", () => {
  test.each([
    ["secret/data/app/api_key"],
    ["prod/db#password"],
    ["policy/variable"],
    ["op://Production/Stripe/Secret Key"],
    ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf"],
  ])("names a connection and the path %s", (path) => {
    expect(only(`{{secret://${id}/${path}}}`)).toEqual({
      kind: "reference",
      connectionId: id,
      path,
      rawPath: path,
      options: {},
      form: "latchkey",
    })
  })

  test("is read no further than one past as many as are wanted", () => {
    const text = `{{secret://${id}/a}} {{secret://typo}} {{secret://${id}/b}} {{secret://${id}/c}}`
    expect(parseTemplate(text, 1)).toEqual(parseTemplate(text).slice(0, 3))
    expect(parseTemplate(text, 4)).toEqual(parseTemplate(text))
  })

  test("may be part of a string, more than once", () => {
    expect(
      parseTemplate(`postgres://{{secret://${id}/user}}:{{secret://${movedId}/password}}@db/app`),
    ).toMatchObject([
      "postgres://",
      { path: "user" },
      ":",
      { connectionId: movedId, path: "password" },
      "@db/app",
    ])
  })

  test("starts at the last of many braces and ends at the first unescaped pair", () => {
    expect(parseTemplate(`{{{secret://${id}/a}}}`)).toMatchObject(["{", { path: "a" }, "}"])
    expect(pathOf("a}b")).toMatchObject({ path: "a}b" })
    expect(pathOf("a{{secret://b")).toMatchObject({ path: "a{{secret://b" })
    expect(pathOf("a\\}}b")).toMatchObject({ path: "a}}b" })
    expect(pathOf("a\\\\")).toMatchObject({ path: "a\\" })
  })
})

describe("inside a path", () => {
  test.each([
    ["a\\\\b", "a\\b"],
    ["a\\}\\}b", "a}}b"],
    ["\\{\\{a", "{{a"],
    ["a\\?version=1", "a?version=1"],
    ["\\ a\\ ", " a "],
    ["  a b  ", "a b"],
    ["  \\  a \\  ", "  a  "],
    ["a\\\\ ", "a\\"],
    ["a\\\\\\ ", "a\\ "],
    ["\\ ", " "],
    ["/a//b/", "/a//b/"],
    ["a%2Fb+c#d", "a%2Fb+c#d"],
  ])("%j is %j", (written, path) => {
    expect(pathOf(written)).toMatchObject({ kind: "reference", path, options: {} })
  })

  test("the path as written keeps its escapes and drops the plain spaces around it", () => {
    expect(pathOf(" a\\?\\}b\\  ?version=1")).toMatchObject({ path: "a?}b ", rawPath: "a\\?\\}b\\ " })
  })

  test.each(["a\\n", "\\a", "\\/", "\\\ud83d\ude00", "\\\n"])("%j has an escape that is none", (written) => {
    expect(pathOf(written)).toMatchObject({
      kind: "malformed",
      connectionId: id,
      message: expect.stringContaining("backslash"),
    })
  })

  test("up to 2,048 code points as written are allowed", () => {
    expect(pathOf("😀".repeat(2048))).toMatchObject({ kind: "reference" })
    expect(pathOf("\\}".repeat(1024))).toMatchObject({ kind: "reference" })
    expect(pathOf(`${"a".repeat(2048)}?version=1`)).toMatchObject({ kind: "reference" })
    for (const long of ["a".repeat(2049), "😀".repeat(2049), `${"\\}".repeat(1024)}a`, "a".repeat(5000)]) {
      expect(pathOf(long)).toMatchObject({ kind: "malformed", message: expect.stringContaining("2048") })
    }
    expect(only(`{{${id}|ap_sep_v1|${"a".repeat(2049)}}}`)).toMatchObject({
      kind: "malformed",
      connectionId: id,
    })
  })
})

describe("outside a reference", () => {
  test.each([
    "",
    "plain",
    "{{step.output}}",
    "\\{{2}",
    "C:\\",
    "\\\\server\\share",
    "{{secret:/",
    "{{ secret://x/y }}",
    "{{Secret://x/y}}",
    "{{}}",
    "}}",
  ])("%j passes as it is", (text) => {
    expect(parseTemplate(text).join("")).toBe(text)
  })

  const reference = `{{secret://${id}/a}}`
  test.each([
    [0, "", true],
    [1, "", false],
    [2, "\\", true],
    [3, "\\", false],
    [4, "\\\\", true],
    [5, "\\\\", false],
  ])("of %i backslashes before one each pair is one, and an odd one escapes it", (count, left, live) => {
    const parts = parseTemplate(`x${"\\".repeat(count)}${reference}`)
    if (live) expect(parts).toMatchObject([`x${left}`, { path: "a" }])
    else expect(parts).toEqual([`x${left}${reference}`])
  })

  test("an escaped reference does not hide a live one behind it", () => {
    expect(parseTemplate(`\\{{secret://${reference}`)).toMatchObject(["{{secret://", { path: "a" }])
  })
})

describe("what starts as a reference and is none", () => {
  test.each([
    ["{{secret://", undefined],
    ["{{secret://}}", undefined],
    ["{{secret:///a}}", undefined],
    ["{{secret://short/a}}", undefined],
    [`{{secret://${id}x/a}}`, undefined],
    [`{{secret:// ${id}/a}}`, undefined],
    [`{{secret://${id}}}`, id],
    [`{{secret://${id}?version=1}}`, undefined],
    [`{{secret://${id}/}}`, id],
    [`{{secret://${id}/   }}`, id],
    [`{{secret://${id}/?version=1}}`, id],
    [`{{secret://${id}/a`, id],
    [`{{secret://${id}/a}`, id],
    [`{{secret://${id}/a\\}}`, id],
    [`{{secret://${id}`, id],
  ])("%j is an error and no text", (text, connectionId) => {
    const part = only(text)
    expect(part.kind).toBe("malformed")
    expect(part.connectionId).toBe(connectionId)
  })

  test("does not keep the ones after it from being read", () => {
    expect(parseTemplate(`{{secret://typo}} {{secret://${id}/a}}`)).toMatchObject([
      { kind: "malformed" },
      " ",
      { kind: "reference", path: "a" },
    ])
  })
})

describe("options", () => {
  test("follow the first unescaped question mark, percent-encoded", () => {
    expect(
      optionsOf("version=3&stage=AWSCURRENT&pointer=/a%20b/%7D%7D&encoding=base64&attribute=otp"),
    ).toMatchObject({
      path: "a",
      rawPath: "a",
      options: {
        version: "3",
        stage: "AWSCURRENT",
        pointer: "/a b/}}",
        encoding: "base64",
        attribute: "otp",
      },
    })
    expect(pathOf("a\\?b?version=1")).toMatchObject({ path: "a?b", options: { version: "1" } })
  })

  test.each([
    ["stage=a+b", { stage: "a+b" }],
    ["stage=a%2Bb", { stage: "a+b" }],
    ["stage=a=b?c", { stage: "a=b?c" }],
    ["stage=%C3%A9%F0%9F%98%80é", { stage: "é😀é" }],
    ["stage=", { stage: "" }],
    ["pointer=", { pointer: "" }],
    ["stage=a%26version=2", { stage: "a&version=2" }],
    ["version=1 ", { version: "1" }],
  ])("%s is %j", (written, options) => {
    expect(optionsOf(written)).toMatchObject({ kind: "reference", options })
  })

  test.each([
    ["colour=red", 'no option "colour"'],
    ["Version=1", 'no option "Version"'],
    ["__proto__=1", 'no option "__proto__"'],
    ["constructor=1", 'no option "constructor"'],
    ["\u202ename=1", "of that name"],
    ["version=1&version=1", '"version" is given twice'],
    ["version=&version=1", '"version" is given twice'],
    ["version", '"version" has no value'],
    ["", "?name=value"],
    ["=1", "?name=value"],
    ["version=1&", "?name=value"],
    ["version=1&&stage=a", "?name=value"],
    ["version=%", '"version" is not percent-encoded'],
    ["version=%zz", '"version" is not percent-encoded'],
    ["version=%C3", '"version" is not percent-encoded'],
    ["version=%C0%AF", '"version" is not percent-encoded'],
    ["version=%ED%A0%80", '"version" is not percent-encoded'],
    ["stage=a\\?b", '"stage" is not percent-encoded'],
    ["encoding=hex", '"encoding" can only be base64'],
    ["encoding=", '"encoding" can only be base64'],
    ["encoding=BASE64", '"encoding" can only be base64'],
    ["pointer=a", '"pointer" is a JSON pointer'],
    ["pointer=/~2", '"pointer" is a JSON pointer'],
    [`version=${"1".repeat(2048)}`, "2048"],
  ])("%j is refused, saying what is wrong", (written, message) => {
    expect(optionsOf(written)).toMatchObject({
      kind: "malformed",
      connectionId: id,
      message: expect.stringContaining(message),
    })
  })

  test("that are unknown are not repeated where their name could be anything", () => {
    const part = optionsOf("hunter2 is my password=1")
    expect(JSON.stringify(part)).not.toContain("hunter2")
  })
})

describe("the Activepieces form", () => {
  test.each([
    [`{{${movedId}|ap_sep_v1|secret/data/a/b}}`, "secret/data/a/b"],
    [` \n{{${movedId}|ap_sep_v1|a}}\t`, "a"],
    [`{{${movedId}|ap_sep_v1|name|ap_sep_v1|key}}`, "name|ap_sep_v1|key"],
    [`{{${movedId}|ap_sep_v1|a\\}?version=1}}`, "a\\}?version=1"],
    [`{{${movedId}|ap_sep_v1| a }}`, " a "],
    [`{{${movedId}|ap_sep_v1|{{secret://${id}/a}}}}`, `{{secret://${id}/a}}`],
  ])("%j is a whole string, its path taken as it is", (text, path) => {
    expect(parseTemplate(text)).toEqual([
      { kind: "reference", connectionId: movedId, path, rawPath: path, options: {}, form: "activepieces" },
    ])
  })

  test.each([
    `x{{${movedId}|ap_sep_v1|a}}`,
    `{{${movedId}|ap_sep_v1|a}}x`,
    `\\{{${movedId}|ap_sep_v1|a}}`,
    `{{step.output}} {{${movedId}|ap_sep_v1|a}}`,
    `{{|ap_sep_v1|a}}`,
    `{{${movedId}|ap_sep_v1|}}`,
    `{{${movedId}|ap_sep_v1}}`,
    `{{${movedId}|ap_sep_v1|a}`,
    `{{${movedId}}}`,
    `|ap_sep_v1|`,
  ])("%j is text", (text) => {
    expect(parseTemplate(text)).toEqual([text])
  })

  test("with an id that is none is an error", () => {
    expect(only("{{typo|ap_sep_v1|a}}")).toMatchObject({ kind: "malformed" })
  })

  test("gives way to what starts as a reference of ours", () => {
    expect(only(`{{secret://${id}/name|ap_sep_v1|key}}`)).toMatchObject({
      path: "name|ap_sep_v1|key",
      form: "latchkey",
    })
  })
})

describe("printing", () => {
  test("writes what a person would, and escapes only what needs it", () => {
    expect(printReference({ connectionId: id, path: "op://Production/Stripe/Secret Key" })).toBe(
      `{{secret://${id}/op://Production/Stripe/Secret Key}}`,
    )
    expect(
      printReference({
        connectionId: id,
        path: " a\\b{c}?  ",
        options: { pointer: "/a b/c~1d", version: "1+%" },
      }),
    ).toBe(`{{secret://${id}/\\ a\\\\b\\{c\\}\\? \\ ?pointer=/a%20b/c~1d&version=1%2B%25}}`)
  })

  test.each([
    ["another id", { connectionId: "step", path: "a" }],
    ["an id with a path in it", { connectionId: `${id}/x`, path: "a" }],
    ["an empty path", { connectionId: id, path: "" }],
    ["a path too long as written", { connectionId: id, path: "}".repeat(1025) }],
    ["an unknown option", { connectionId: id, path: "a", options: { colour: "red" } as object }],
    ["an encoding that is none", { connectionId: id, path: "a", options: { encoding: "hex" } }],
  ])("refuses %s", (_, target) => {
    expect(() => printReference(target)).toThrow(expect.objectContaining({ code: "VALIDATION" }))
  })

  test("keeps text from becoming a reference, however it is cut", () => {
    const parts = ["{{secret:", `//${id}/a}}`, "\\", { connectionId: id, path: "b" }, "}}"]
    expect(parseTemplate(printTemplate(parts))).toMatchObject([`{{secret://${id}/a}}\\`, { path: "b" }, "}}"])
  })

  test("leaves text alone that is none", () => {
    for (const text of ["", "C:\\", "\\{{2}", "{{step.output}}", "{{secret:/"])
      expect(escapeLiteral(text)).toBe(text)
  })

  test.each([
    [`{{secret://${id}/a}}`, `\\{{secret://${id}/a}}`],
    ["\\{{secret://", "\\\\\\{{secret://"],
    ["{{secret://{{secret://", "\\{{secret://\\{{secret://"],
  ])("escapes %j", (text, escaped) => {
    expect(escapeLiteral(text)).toBe(escaped)
  })

  test.each([
    [[`{{${movedId}|ap_sep_v1|a}}`]],
    [[" {{typo|ap_sep_v1|a}}"]],
    [["{{", `${movedId}|ap_sep_v1|`, "a}}"]],
  ])("refuses the Activepieces form %j, which nothing can escape", (parts) => {
    expect(() => printTemplate(parts)).toThrow(expect.objectContaining({ code: "VALIDATION" }))
  })

  test("refuses what would make a reference part of the Activepieces form", () => {
    const parts = [`{{${movedId}|ap_sep_v1|`, { connectionId: id, path: "a" }, "}}"]
    expect(() => printTemplate(parts)).toThrow(expect.objectContaining({ code: "VALIDATION" }))
  })
})
