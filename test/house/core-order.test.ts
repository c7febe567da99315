import { globSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { imports } from "./sources.ts"

const inCore = imports.filter(({ from, to }) => from.startsWith("core/") && to.startsWith("core/"))
const folders = globSync("core/*/").flatMap((path) => path.split("/")[1] ?? [])
const folderOf = (file: string) => folders.find((folder) => file.startsWith(`core/${folder}/`))

/** The rows of the table in core/README.md, in its order: what each folder imports. */
const table = [...readFileSync("core/README.md", "utf8").matchAll(/^\| `([\w-]+)\/` \|.*\|([^|]*)\|$/gm)].map(
  ([, folder = "", cell = ""]) => ({ folder, imports: [...cell.matchAll(/[\w-]+/g)].map(([name]) => name) }),
)

describe("the folders of core", () => {
  test("import each other as the table in core/README.md says, types included", () => {
    const actual = table.map(({ folder }) => {
      const targets = inCore
        .filter(({ from }) => folderOf(from) === folder)
        .flatMap(({ to }) => folderOf(to) ?? [])
        .filter((target) => target !== folder)
      return { folder, imports: [...new Set(targets)].toSorted() }
    })
    expect(actual).toEqual(table)
    expect(table.map(({ folder }) => folder).toSorted()).toEqual(folders.toSorted())
  })

  test("stand in an order, in which each imports only what comes before it", () => {
    const order = table.map(({ folder }) => folder)
    const against = table.flatMap(({ folder, imports }) =>
      imports
        .filter((target) => order.indexOf(target) >= order.indexOf(folder))
        .map((target) => `${folder} imports ${target}`),
    )
    expect(against).toEqual([])
  })

  test("are imported by no file beside them but the object graph, which they do not import", () => {
    const graph = ["core/latchkey.ts", "core/administration.ts"]
    const wrong = inCore.filter(({ from, to }) => {
      if (graph.includes(from)) return false
      return graph.includes(to) || (folderOf(from) === undefined && folderOf(to) !== undefined)
    })
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })
})
