import { expect, test } from "vitest"
import { oversized } from "../deps.ts"
import { connectWith, error, fullItem, ids, itemPath, ok, titled } from "./connect-script.ts"

test("one read of an item serves its fields, its codes and what is wanted as base64", async () => {
  const fields = [
    { id: "password", type: "CONCEALED", label: "password", value: "p" },
    { id: "code", type: "OTP", label: "code", value: "otpauth://totp/x", totp: "123456" },
  ]
  const { resolve, paths } = connectWith({ [itemPath()]: ok(fullItem(ids.item, "I", "", { fields })) })
  expect(
    await resolve("op://V/I/password", ["op://V/I/code", { attribute: "otp" }], "op://V/I/code", [
      "op://V/I/password",
      { encoding: "base64" },
    ]),
  ).toEqual(["p", "123456", "otpauth://totp/x", "cA=="])
  expect(paths().filter((path) => path === itemPath())).toHaveLength(1)
})

test("a file costs one more read, and is not read where it is too large", async () => {
  const files = [
    { id: ids.file, name: "small.bin", size: 3 },
    { id: ids.item2, name: "large.bin", size: 70_000 },
  ]
  const content = `${itemPath()}/files/${ids.file}/content`
  const { resolve, paths } = connectWith({
    [itemPath()]: ok(fullItem(ids.item, "I", "v", { files })),
    [content]: { status: 200, body: "abc" },
  })
  const encoding = { encoding: "base64" }
  expect(
    await resolve(["op://V/I/small.bin", encoding], ["op://V/I/large.bin", encoding], "op://V/I/password"),
  ).toEqual(["YWJj", "UNSUPPORTED_VALUE", "v"])
  expect(paths().slice(-2)).toEqual([itemPath(), content])
})

test("an item or a file of more than any answer may have is told for its size", async () => {
  const files = [{ id: ids.file, name: "file.bin" }]
  const content = `${itemPath()}/files/${ids.file}/content`
  const item = { status: 200, error: oversized("read item") }
  expect(await connectWith({ [itemPath()]: item }).resolve("op://V/I/password")).toEqual([
    "UNSUPPORTED_VALUE",
  ])
  const { resolve } = connectWith({
    [itemPath()]: ok(fullItem(ids.item, "I", "v", { files })),
    [content]: { status: 200, error: oversized("read file") },
  })
  const file: [string, object] = ["op://V/I/file.bin", { encoding: "base64" }]
  expect(await resolve(file, "op://V/I/password")).toEqual(["UNSUPPORTED_VALUE", "v"])
})

test("what looks like an id is tried as one, then as a title", async () => {
  const script = {
    [`vaults?filter=title eq "${ids.other}"`]: ok([{ id: ids.vault, name: ids.other }]),
    [`vaults/${ids.other}`]: error(403),
    [titled(ids.item2)]: ok([{ id: ids.item, title: ids.item2 }]),
    [itemPath()]: ok(fullItem(ids.item, ids.item2, "by its title")),
  }
  const { resolve } = connectWith(script)
  expect(await resolve(`op://${ids.vault}/${ids.item}/password`)).toEqual(["by its title"])
  expect(await resolve(`op://${ids.other}/${ids.item2}/password`)).toEqual(["by its title"])
})

test("of an id that is forbidden and no title either, the first is told", async () => {
  const { resolve } = connectWith({
    [`vaults/${ids.other}`]: error(403),
    [`vaults?filter=title eq "${ids.other}"`]: ok([]),
  })
  expect(await resolve(`op://${ids.other}/I/password`)).toEqual(["PERMISSION_DENIED"])
})

test("two vaults or items of one name are an error that names both", async () => {
  const twoItems = connectWith({
    [titled("I")]: ok([
      { id: ids.item, title: "I" },
      { id: ids.item2, title: "I" },
    ]),
    [itemPath(ids.item2)]: ok(fullItem(ids.item2, "I", "other")),
  })
  const result = (await twoItems.fetch(["V/I"])).get("V/I")
  expect(result).toMatchObject({ ok: false, error: { reason: "INVALID_PATH" } })
  expect(result?.ok === false && result.error.message).toContain(`\`${ids.item}\` and \`${ids.item2}\``)

  const twoVaults = connectWith({
    'vaults?filter=title eq "V"': ok([
      { id: ids.vault, name: "V" },
      { id: ids.other, name: "V" },
    ]),
  })
  expect(await twoVaults.resolve("op://V/I/password")).toEqual(["INVALID_PATH"])
})

test("what a server lists beside what was asked for is not taken", async () => {
  const { resolve } = connectWith({
    'vaults?filter=title eq "V"': ok([
      { id: ids.other, name: "Another" },
      { id: ids.vault, name: "V" },
    ]),
    [titled("I")]: ok([{ id: ids.item2, title: "Another" }]),
    [itemPath(ids.item2)]: ok(fullItem(ids.item2, "Another", "wrong")),
  })
  expect(await resolve("op://V/I/password")).toEqual(["NOT_FOUND"])
})

test("an archived item is DELETED, and does not hide an active one of its title", async () => {
  const archived = ok(fullItem(ids.item, "I", "old", { state: "ARCHIVED" }))
  const alone = connectWith({ [itemPath()]: archived })
  expect(await alone.resolve("op://V/I/password", `op://V/${ids.item}/password`)).toEqual([
    "DELETED",
    "DELETED",
  ])

  const beside = connectWith({
    [itemPath()]: archived,
    [itemPath(ids.item2)]: ok(fullItem(ids.item2, "I", "new")),
    [titled("I")]: ok([
      { id: ids.item, title: "I" },
      { id: ids.item2, title: "I" },
    ]),
  })
  expect(await beside.resolve("op://V/I/password")).toEqual(["new"])
})

test("the ids of vaults and items are remembered with the session: then an item costs one read", async () => {
  const { resolve, paths, deps } = connectWith({})
  await resolve("op://V/I/password")
  expect(deps.sessions.session?.notes).toEqual({
    "vault V": `${ids.vault} ${deps.clock.now() + 5 * 60_000}`,
    [`item ${ids.vault} I`]: ids.item,
  })
  const before = paths().length
  expect(await resolve("op://V/I/password")).toEqual(["value"])
  expect(paths().slice(before)).toEqual([itemPath()])
})

test("a vault is looked up again after five minutes, its item's id is still known", async () => {
  const { resolve, paths, deps } = connectWith({})
  await resolve("op://V/I/password")
  for (const _ of [1, 2]) {
    deps.clock.advance(5 * 60_000)
    const before = paths().length
    expect(await resolve("op://V/I/password")).toEqual(["value"])
    expect(await resolve("op://V/I/password")).toEqual(["value"])
    expect(paths().slice(before)).toEqual(['vaults?filter=title eq "V"', itemPath(), itemPath()])
  }
})

test("a vault is looked up again, once for all, where its items are not found in what was remembered", async () => {
  let vault = ids.other
  const { resolve, paths } = connectWith({
    'vaults?filter=title eq "V"': () => ok([{ id: vault, name: "V" }]),
    [titled("I", ids.other)]: () => (vault === ids.other ? ok([{ id: ids.item, title: "I" }]) : error(403)),
    [itemPath(ids.item, ids.other)]: () =>
      vault === ids.other ? ok(fullItem(ids.item, "I", "before")) : error(403),
    [titled("J")]: ok([{ id: ids.item2, title: "J" }]),
    [itemPath(ids.item2)]: ok(fullItem(ids.item2, "J", "after")),
  })
  expect(await resolve("op://V/I/password")).toEqual(["before"])
  vault = ids.vault
  const before = paths().length
  expect(await resolve("op://V/I/password", "op://V/J/password", "op://V/K/password")).toEqual([
    "value",
    "after",
    "NOT_FOUND",
  ])
  const lookups = paths()
    .slice(before)
    .filter((path) => path.startsWith("vaults?"))
  expect(lookups).toHaveLength(1)
})

test("what was remembered is not used once the title is another item's, and soon not once the vault's name is another vault's", async () => {
  const answers = {
    [itemPath()]: ok(fullItem(ids.item, "I", "first")),
    [itemPath(ids.item2)]: ok(fullItem(ids.item2, "I", "second")),
    [itemPath(ids.item, ids.other)]: ok(fullItem(ids.item, "I", "in the other vault")),
    [titled("I", ids.other)]: ok([{ id: ids.item, title: "I" }]),
    [titled("I")]: ok([{ id: ids.item, title: "I" }]),
    'vaults?filter=title eq "V"': ok([{ id: ids.vault, name: "V" }]),
  }
  const script = Object.fromEntries(
    (Object.keys(answers) as (keyof typeof answers)[]).map((path) => [
      path,
      () => answers[path] ?? error(404),
    ]),
  )
  const { resolve, deps } = connectWith(script)
  expect(await resolve("op://V/I/password")).toEqual(["first"])

  answers[itemPath()] = ok(fullItem(ids.item, "renamed", "first"))
  answers[titled("I")] = ok([{ id: ids.item2, title: "I" }])
  expect(await resolve("op://V/I/password")).toEqual(["second"])

  answers['vaults?filter=title eq "V"'] = ok([{ id: ids.other, name: "V" }])
  deps.clock.advance(5 * 60_000)
  expect(await resolve("op://V/I/password")).toEqual(["in the other vault"])
})

test("a vault is looked up once for all its items, and one failing item leaves the others alone", async () => {
  const { resolve, paths } = connectWith({
    [titled("J")]: ok([{ id: ids.item2, title: "J" }]),
    [itemPath(ids.item2)]: error(500),
  })
  expect(await resolve("op://V/I/password", "op://V/J/password", "op://V/K/password")).toEqual([
    "value",
    "PROVIDER_ERROR",
    "NOT_FOUND",
  ])
  expect(paths().filter((path) => path.startsWith("vaults?"))).toHaveLength(1)
})

test("the version is the item's", async () => {
  const { fetch } = connectWith({})
  expect((await fetch(["V/I"])).get("V/I")).toMatchObject({ ok: true, version: "4" })
})
