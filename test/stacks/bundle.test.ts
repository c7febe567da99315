import { mkdtemp, readdir, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Bundle, bundleFunction } from "../../stacks/bundle.ts"

/** The function with a budget of its own, the one with the most in it, and the one without an object graph. */
const names = ["resolve", "document", "authorizer"] as const

describe("the functions as they are deployed", () => {
  let folder: string
  const bundles = new Map<string, Bundle>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-bundle-"))
    for (const name of names) bundles.set(name, await bundleFunction(name, join(folder, name)))
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true }))

  const bundleOf = (name: string): Bundle => {
    const bundle = bundles.get(name)
    if (!bundle) throw new Error(`No bundle of ${name} was made.`)
    return bundle
  }

  test.each([
    ["resolve", 500_000],
    ["document", 600_000],
    ["authorizer", 100_000],
  ])("a request to %s loads at most %d bytes", (name, budget) => {
    expect(bundleOf(name).hotBytes).toBeLessThanOrEqual(budget)
  })

  test.each(names)("%s has nothing of the sandbox and no transport but ours", (name) => {
    const stray = /^(local|test|bench)\/|node_modules\/(axios|follow-redirects|form-data)\//
    expect(bundleOf(name).sources.filter((source) => stray.test(source))).toEqual([])
  })

  test("vendors' SDKs, KMS's and Redis' clients, and what admins use are chunks that wait", () => {
    const waiting = bundleOf("resolve").chunks.filter(({ hot }) => !hot)

    expect(waiting.map(({ file }) => file.replace(/-[A-Z0-9]{8}\.cjs$/, ""))).toEqual(
      expect.arrayContaining(["administration", "aws-kms-client", "nodejs", "client"]),
    )
  })

  test("the authorizer has neither the object graph nor an AWS client", () => {
    expect(
      bundleOf("authorizer").sources.filter((source) => /compose|@aws-sdk|@smithy/.test(source)),
    ).toEqual([])
  })

  test.each(names)("%s loads as Lambda loads it, and with it nothing that waits", (name) => {
    const require = createRequire(import.meta.url)
    const { handler, chunks } = bundleOf(name)
    const [file = "", exported = ""] = handler.split(".")

    const loaded = require(join(folder, name, `${file}.cjs`))

    expect(loaded[exported]).toBeTypeOf("function")
    const here = Object.keys(require.cache).filter((path) => path.startsWith(join(folder, name)))
    const waiting = chunks.filter(({ hot }) => !hot).map(({ file }) => join(folder, name, file))
    expect(here.filter((path) => waiting.includes(path))).toEqual([])
  })

  test("only what can be reached is written, each chunk with its source map", async () => {
    const written = await readdir(join(folder, "resolve"))
    const expected = bundleOf("resolve").chunks.flatMap(({ file }) => [file, `${file}.map`])

    expect(written.sort()).toEqual(expected.sort())
  })

  test("what vendors' packages in CommonJS export is there by name, as in Node", () => {
    const require = createRequire(import.meta.url)
    const waiting = bundleOf("resolve").chunks.filter(({ hot }) => !hot)
    const names = waiting.flatMap(({ file }) =>
      /^dist-[A-Z0-9]{8}\.cjs$/.test(file) ? Object.keys(require(join(folder, "resolve", file))) : [],
    )
    expect(names).toEqual(expect.arrayContaining(["OnePasswordConnect"]))
  })
})
