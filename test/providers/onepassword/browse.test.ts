import { expect, test } from "vitest"
import { connectWith, fullItem, ids, itemPath, ok } from "./connect-script.ts"

const other = { id: ids.other, name: "a/b" }

test("the vaults are folders, by id where the name cannot stand in a path", async () => {
  const { browse } = connectWith({ vaults: ok([{ id: ids.vault, name: "V" }, other]) })
  expect(await browse("")).toEqual({
    data: [
      { path: "op://V/", name: "V", kind: "folder" },
      { path: `op://${ids.other}/`, name: "a/b", kind: "folder" },
    ],
  })
})

test("a vault's items are folders, by id where two have one title", async () => {
  const items = [
    { id: ids.item, title: "Twice" },
    { id: ids.item2, title: "Twice" },
    { id: ids.file, title: "Once" },
    { id: ids.vault, title: "Archived", state: "ARCHIVED" },
  ]
  const { browse } = connectWith({ [`vaults/${ids.vault}/items`]: ok(items) })
  expect((await browse("op://V/"))?.data.map(({ path }) => path)).toEqual([
    `op://V/${ids.item}/`,
    `op://V/${ids.item2}/`,
    "op://V/Once/",
  ])
})

test("an item's fields and files are secrets, whose paths lead to them; values are not shown", async () => {
  const fields = [
    { id: "password", label: "password", value: "value-canary" },
    { id: "f1", label: "token", value: "value-canary", section: { id: "s1" } },
    { id: "f2", label: "token", value: "value-canary", section: { id: "s2" } },
    { id: "f3", label: "a/b", value: "value-canary", section: { id: "s1" } },
  ]
  const sections = [{ id: "s1", label: "Admin" }, { id: "s2" }]
  const files = [{ id: ids.file, name: "key.p12", size: 3 }]
  const { browse, resolve } = connectWith({
    [itemPath()]: ok(fullItem(ids.item, "I", "", { fields, sections, files })),
  })
  const page = await browse("op://V/I/")
  expect(page?.data.map(({ path }) => path)).toEqual([
    "op://V/I/password",
    "op://V/I/Admin/token",
    "op://V/I/s2/f2",
    "op://V/I/s1/f3",
    "op://V/I/key.p12",
  ])
  expect(page?.data.map(({ kind, name }) => `${kind} ${name}`)).toContain("secret Admin/token")
  expect(JSON.stringify(page)).not.toContain("canary")
  const paths = page?.data.map(({ path }) => path).slice(0, 4) ?? []
  expect(await resolve(...paths)).toEqual(Array(4).fill("value-canary"))
})

test("an archived item has nothing to browse, and a made-up cursor is refused", async () => {
  const { browse } = connectWith({ [itemPath()]: ok(fullItem(ids.item, "I", "v", { state: "DELETED" })) })
  await expect(browse("op://V/I/")).rejects.toMatchObject({ reason: "DELETED" })
  await expect(browse("op://V/", "-1")).rejects.toMatchObject({ reason: "INVALID_PATH" })
})
