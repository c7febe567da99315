import { expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { codesContent, itemContent } from "../../../core/providers/onepassword/item.ts"
import { parsePath } from "../../../core/providers/onepassword/path.ts"
import type { Item, Part } from "../../../core/providers/onepassword/store.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"

const field = (id: string, label: string, value: string, more: Partial<Part> = {}): Part => ({
  kind: "field",
  id,
  label,
  type: "concealed",
  value,
  ...more,
})

const item: Item = {
  id: "i".repeat(26),
  title: "Item",
  version: "3",
  archived: false,
  sections: [
    { id: "s1", title: "Admin" },
    { id: "s2", title: "User" },
    { id: "s3", title: "twice" },
    { id: "s4", title: "twice" },
  ],
  parts: [
    field("password", "password", "p", { purpose: "password" }),
    field("f1", "token", "admin's", { section: "s1" }),
    field("f2", "token", "user's", { section: "s2" }),
    field("f3", "password", "not by its id"),
    field("f4", "Mixed Case", "mixed"),
    field("f5", "mixed case", "lower"),
    field("f6", "config", '{"a":{"b":7}}'),
    field("f7", "empty", "", {}),
    field("f8", "code", "otpauth://totp/x?secret=AAAA", { type: "otp", code: "123456" }),
    { kind: "file", id: "file1", label: "key.p12", type: "file", size: 6 },
    { kind: "file", id: "file2", label: "token", type: "file", size: 6, section: "s2" },
  ],
}

function select(path: string, options: ReferenceOptions = {}): string {
  const content = options.attribute === "otp" ? codesContent(item) : itemContent(item)
  try {
    return parsePath(`op://v/i/${path}`, options).select(content)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return `${error.reason}: ${error.message}`
  }
}

test("the section goes first, then a field's id, then its label", () => {
  expect(select("Admin/token")).toBe("admin's")
  expect(select("s1/token")).toBe("admin's")
  expect(select("f2")).toBe("user's")
  expect(select("password")).toBe("p")
})

test("two equal labels are an error that names both, by ids", () => {
  expect(select("token")).toMatch(/^INVALID_PATH: .*`s1\/f1` and `s2\/f2`/)
  expect(select("User/token")).toMatch(/^INVALID_PATH: .*`s2\/f2` and `s2\/file2`/)
  expect(select("twice/token")).toMatch(/^INVALID_PATH: .*section.*`s3` and `s4`/)
})

test("labels are taken as written, and in any case where none is written so", () => {
  expect(select("Mixed Case")).toBe("mixed")
  expect(select("mixed case")).toBe("lower")
  expect(select("CONFIG")).toBe('{"a":{"b":7}}')
  expect(select("ADMIN/TOKEN")).toBe("admin's")
  expect(select("MIXED CASE")).toMatch(/^INVALID_PATH: .*`f4` and `f5`/)
})

test("what is not there is NOT_FOUND: section, field, attribute, code", () => {
  for (const missing of [
    select("nothing"),
    select("nothing/token"),
    select("s1/password"),
    select("f4", { attribute: "purpose" }),
    select("f4", { attribute: "size" }),
    select("key.p12", { attribute: "value" }),
    select("password", { attribute: "otp" }),
  ]) {
    expect(missing).toMatch(/^NOT_FOUND/)
  }
})

test("attributes are those that 1Password documents", () => {
  expect(
    (["value", "type", "id", "purpose"] as const).map((attribute) => select("password", { attribute })),
  ).toEqual(["p", "concealed", "password", "password"])
  expect(
    (["type", "id", "size", "name"] as const).map((attribute) => select("key.p12", { attribute })),
  ).toEqual(["file", "file1", "6", "key.p12"])
  expect(select("code", { attribute: "otp" })).toBe("123456")
  expect(select("code")).toBe("otpauth://totp/x?secret=AAAA")
})

test("a file is not given without its encoding", () => {
  expect(select("key.p12")).toMatch(/^UNSUPPORTED_VALUE: .*`encoding=base64`/)
  expect(select("key.p12", { attribute: "content" })).toMatch(/^UNSUPPORTED_VALUE/)
})

test("an empty value is a value, and a pointer goes into JSON", () => {
  expect(select("empty")).toBe("")
  expect(select("config", { pointer: "/a/b" })).toBe("7")
})

test("codes are not kept with the item, nor values with the codes", () => {
  expect(JSON.stringify(itemContent(item))).not.toContain("123456")
  expect(JSON.stringify(codesContent(item))).not.toContain("otpauth")
})

test("base64 is of the bytes of a file, or of a field's value with its pointer", () => {
  const of = (content: { text: string } | { base64: string }, pointer?: string) =>
    parsePath("op://v/i/f", { encoding: "base64", ...(pointer === undefined ? {} : { pointer }) }).select(
      content,
    )
  expect(of({ base64: "AP8=" })).toBe("AP8=")
  expect(of({ text: "ü" })).toBe("w7w=")
  expect(of({ text: '{"a":"ü"}' }, "/a")).toBe("w7w=")
  expect(() => of({ base64: "AP8=" }, "/a")).toThrow("no `pointer`")
})
