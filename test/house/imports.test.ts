import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { type Import, imports, sources } from "./sources.ts"

const internal = (to: string) => /^(core|functions|stacks|web|local|test|bench|docs)\//.test(to)
const external = (to: string) => !internal(to) && !to.startsWith(".")

/** The imports of files under `part` that are not among what it may import. */
function offending(part: RegExp, allowed: (to: string, typeOnly: boolean) => boolean): string[] {
  return imports
    .filter(({ from, to, typeOnly }) => part.test(from) && !allowed(to, typeOnly))
    .map(({ from, to }) => `${from} imports ${to}`)
}

/** Every file that `entry` reaches by static, run-time imports. */
function reach(entries: string[]): Import[] {
  const seen = new Set<string>()
  const found: Import[] = []
  const queue = [...entries]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const edge of imports.filter(({ from, typeOnly }) => from === file && !typeOnly)) {
      found.push(edge)
      if (internal(edge.to)) queue.push(edge.to)
    }
  }
  return found
}

describe("the house", () => {
  test("core knows nothing of Lambda, SST, the sandbox or the console", () => {
    expect(offending(/^core\//, (to) => external(to) || to.startsWith("core/"))).toEqual([])
    expect(
      offending(/^core\//, (to) => !/^(sst|aws-lambda|@middy\/|@aws-lambda-powertools\/)/.test(to)),
    ).toEqual([])
  })

  test("only the composition root reads the environment", () => {
    const readers = sources.filter(
      (file) => /^(core|functions)\//.test(file) && readFileSync(file, "utf8").includes("process.env"),
    )
    expect(readers.filter((file) => file !== "functions/app.ts")).toEqual([])
  })

  test("core takes time from its clock, so that tests can move it", () => {
    const found = sources
      .filter((file) => file.startsWith("core/") && file !== "core/clock.ts")
      .flatMap((file) => {
        const text = readFileSync(file, "utf8")
        const used = text.matchAll(
          /AbortSignal\.timeout|\bset(?:Timeout|Interval)\b|\bDate\.now\b|\bperformance\.now\b|new Date\(\)/g,
        )
        return [...used].map(([name]) => `${file}: ${name}`)
      })
    expect(found).toEqual([])
  })

  test("only the composition root makes AWS clients that find credentials for themselves", () => {
    const owners = ["functions/app.ts", "core/client-lambda/index.ts"]
    const found = sources
      .filter((file) => /^(core|functions)\//.test(file) && !owners.includes(file))
      .flatMap((file) => {
        const made = readFileSync(file, "utf8").matchAll(
          /new \w+Client\((?!clientSettings\()|fromNodeProviderChain/g,
        )
        return [...made].map(([text]) => `${file}: ${text}`)
      })
    expect(found).toEqual([])
  })

  test("functions import core and each other", () => {
    expect(offending(/^functions\//, (to) => external(to) || /^(core|functions)\//.test(to))).toEqual([])
  })

  test("stacks import only the contract, the check of issuers, and each other", () => {
    const theirs = /^(core\/contract\/|core\/auth\/issuer-config\.ts|stacks\/)/
    expect(offending(/^stacks\//, (to) => external(to) || theirs.test(to))).toEqual([])
  })

  test("the console imports only the client", () => {
    expect(offending(/^web\//, (to) => external(to) || /^(core\/client|web)\//.test(to))).toEqual([])
  })

  test("nothing imports the sandbox", () => {
    expect(offending(/^(core|functions|stacks|web)\//, (to) => !to.startsWith("local/"))).toEqual([])
  })

  test("the contract, the client and the reference parser run in a browser", () => {
    const entries = sources.filter(
      (file) => /^core\/(contract|client)\//.test(file) || file.startsWith("core/references/"),
    )
    const foreign = reach(entries).filter(({ to }) => external(to) && to !== "zod/mini")
    expect(foreign.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  test("what functions load has its schemas in zod/mini", () => {
    expect(offending(/^(core|functions)\//, (to, typeOnly) => typeOnly || to !== "zod")).toEqual([])
  })

  test("a provider imports statically only zod/mini and its own kind", () => {
    expect(
      offending(
        /^core\/providers\//,
        (to, typeOnly) =>
          typeOnly ||
          to === "zod/mini" ||
          /^core\/(providers\/|(errors|secret|json|limits|on-demand|references\/json-pointer)\.ts$)/.test(to),
      ),
    ).toEqual([])
  })

  test("no file is longer than 350 lines", () => {
    const long = sources.filter((file) => readFileSync(file, "utf8").split("\n").length > 350)
    expect(long).toEqual([])
  })
})
