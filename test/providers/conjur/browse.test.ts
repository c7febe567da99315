import { describe, expect, test } from "vitest"
import { conjurWith, header, login, token } from "./conjur-script.ts"

const list = (offset: number, search?: string) =>
  `GET /resources/acct/variable?${new URLSearchParams({ ...(search ? { search } : {}), limit: "200", offset: String(offset) })}`
const resources = (...ids: string[]) => ({
  status: 200,
  body: ids.map((id) => ({ id: `acct:variable:${id}`, owner: "acct:user:admin" })),
})
const many = (count: number, name: (n: number) => string) =>
  resources(...Array.from({ length: count }, (_, n) => name(n)))

describe("browsing", () => {
  test("shows folders once and variables, names only", async () => {
    const conjur = conjurWith({ [list(0)]: resources("data/a/x", "data/a/y", "other/z", "top") })
    expect(await conjur.browse("")).toEqual({
      data: [
        { path: "data/", name: "data", kind: "folder" },
        { path: "other/", name: "other", kind: "folder" },
        { path: "top", name: "top", kind: "secret" },
      ],
    })
  })

  test("narrows a folder down by Conjur's search, and leaves out what else that finds", async () => {
    const found = resources("data/a/x", "data/a/deep/y", "data/a", "a/data/z", "data/ab/w")
    const conjur = conjurWith({ [list(0, "data/a/")]: found })
    expect(await conjur.browse("data/a/")).toEqual({
      data: [
        { path: "data/a/x", name: "x", kind: "secret" },
        { path: "data/a/deep/", name: "deep", kind: "folder" },
      ],
    })
  })

  test("looks through all where the search has no word that Conjur searches for", async () => {
    const conjur = conjurWith({ [list(0, "the/")]: resources(), [list(0)]: resources("the/x", "y") })
    expect((await conjur.browse("the/"))?.data.map(({ path }) => path)).toEqual(["the/x"])
  })

  test("goes on where it stopped, without repeating a folder", async () => {
    const conjur = conjurWith({
      [list(0)]: many(200, (n) => `a/${n}`),
      [list(200)]: resources("a/more", "b"),
    })
    const first = await conjur.browse("")
    expect(first?.data.map(({ path }) => path)).toEqual(["a/"])
    expect((await conjur.browse("", first?.next))?.data.map(({ path }) => path)).toEqual(["b"])
  })

  test("asks at most five times for one page, which may then be empty", async () => {
    const elsewhere = many(200, (n) => `x/data/a/${n}`)
    const conjur = conjurWith(
      Object.fromEntries([0, 200, 400, 600, 800, 1000].map((offset) => [list(offset, "data/a/"), elsewhere])),
    )
    const page = await conjur.browse("data/a/")
    expect(page?.data).toEqual([])
    expect(page?.next).toBeDefined()
    expect(conjur.lines()).toHaveLength(1 + 5)
  })

  test("leaves out what no reference can name, and what is no variable of the account", async () => {
    const conjur = conjurWith({
      [list(0)]: {
        status: 200,
        body: [{ id: "acct:variable:data/../x" }, { id: "other:variable:y" }, { id: "acct:host:z" }, 7, {}],
      },
    })
    expect(await conjur.browse("")).toEqual({ data: [] })
  })

  test("renews a session that has ended", async () => {
    let count = 0
    const conjur = conjurWith({
      [login]: () => token(`host/${++count}`),
      [list(0)]: (authorization) => (authorization === header("host/2") ? resources("a") : { status: 401 }),
    })
    expect((await conjur.browse(""))?.data).toHaveLength(1)
  })

  test.each([
    [{ status: 403 }, "PERMISSION_DENIED"],
    [{ status: 200, body: "<html>" }, "PROVIDER_ERROR"],
    [{ status: 500 }, "PROVIDER_ERROR"],
    [{ status: 401 }, "BAD_CREDENTIALS"],
  ])("answered by %j is %s", async (answer, reason) => {
    await expect(conjurWith({ [list(0)]: answer }).browse("")).rejects.toMatchObject({ reason })
  })

  test.each(["data", "/", "data//", "../", "data/../"])("refuses the prefix %j", async (prefix) => {
    await expect(conjurWith({}).browse(prefix)).rejects.toMatchObject({ reason: "INVALID_PATH" })
  })

  test("refuses a cursor that is not its own", async () => {
    await expect(conjurWith({}).browse("", "x")).rejects.toMatchObject({ reason: "INVALID_PATH" })
  })
})
