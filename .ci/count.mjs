/**
 * Prints "N passed, N failed" over the results that vitest left in a folder, one JSON file for each suite:
 *
 *     node .ci/count.mjs <folder> [failed]
 *
 * A file of tests that could not be loaded counts as one that failed. With `failed`, a step has: where no test did, the
 * step itself is counted. Plain JavaScript, since it runs on any Node, before or without the dependencies.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const [folder, outcome] = process.argv.slice(2)
const suites = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
const files = suites.flatMap(({ testResults }) => testResults)
const count = (status) =>
  files.flatMap((file) => file.assertionResults).filter((test) => test.status === status).length
const unloaded = files.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
)

const passed = count("passed")
const failed = count("failed") + unloaded.length || (outcome === "failed" ? 1 : 0)
console.log(`${passed} passed, ${failed} failed`)
