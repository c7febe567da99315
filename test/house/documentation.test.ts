import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { describe, expect, test } from "vitest"

const pages = globSync("{*,{core,functions,stacks,web,local,bench,docs,test}/**/*}.md").filter(
  (page) => !page.includes("node_modules") && !page.includes("/dist/"),
)

interface Link {
  page: string
  text: string
  /** From the repository's root. */
  file: string
  anchor: string | undefined
}

function linksOf(page: string): Link[] {
  const prose = readFileSync(page, "utf8").replace(/```.*?```/gs, "")
  const links = prose.matchAll(/\[([^\]]*)\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)
  return [...links].map(([, text = "", path = "", anchor]) => ({
    page,
    text,
    file: path === "" ? page : normalize(join(dirname(page), path)),
    anchor,
  }))
}

const links = pages.flatMap(linksOf)
const written = ({ page, text, file, anchor }: Link) =>
  `${page}: [${text}](${file}${anchor === undefined ? "" : `#${anchor}`})`

/** As GitHub makes them of headings. */
const anchorsOf = (page: string) =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )

describe("the documentation", () => {
  test("begins with a README in each top folder", () => {
    const folders = globSync("{core,functions,stacks,web,local,bench,docs,test}")
    expect(folders).toHaveLength(8)
    expect(folders.filter((folder) => !existsSync(join(folder, "README.md")))).toEqual([])
  })

  test("links to files that are there", () => {
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter(({ file }) => !existsSync(file)).map(written)).toEqual([])
  })

  test("links to headings that are there", () => {
    const dangling = links.filter(
      ({ file, anchor }) => anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).includes(anchor),
    )
    expect(dangling.map(written)).toEqual([])
  })
})

describe("the security model", () => {
  const page = "docs/security-model.md"
  const shown = linksOf(page).filter(({ file }) => file.startsWith("test/"))

  test("names tests by their names", () => {
    const misnamed = shown.filter(({ text, file }) => {
      const titles = readFileSync(file, "utf8").replaceAll('\\"', '"')
      return !['"', "`"].some((quote) => titles.includes(quote + text + quote))
    })
    expect(misnamed.map(written)).toEqual([])
  })

  test("has for every threat the tests that show its mitigation", () => {
    const tables = readFileSync(page, "utf8")
      .split(/\n\n/)
      .filter((part) => /^\|.*shown by \|$/m.test(part))
    const rows = tables.flatMap((table) => table.trim().split("\n").slice(2))
    expect(tables.length).toBeGreaterThan(8)
    expect(rows.filter((row) => !row.includes("](../test/"))).toEqual([])
  })
})
