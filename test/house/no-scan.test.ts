import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { permissions } from "../../stacks/permissions.ts"
import { sources } from "./sources.ts"

/** What operators run by their own rights over a whole stage: no function loads it. */
const operators = /^core\/maintenance\//

/** A scan reads every platform's items. Lists, the audit and the usage go by keys, which begin with the platform. */
test("nothing scans a table that a function could load", () => {
  const scanning = sources.filter(
    (file) =>
      /^(core|functions)\//.test(file) &&
      !operators.test(file) &&
      /\bScanCommand\b|\bpaginateScan\b|\bExecuteStatement|PartiQL/.test(readFileSync(file, "utf8")),
  )
  expect(scanning).toEqual([])
})

test("what operators run is loaded by nothing else", () => {
  const importing = sources.filter(
    (file) =>
      /^(core|functions)\//.test(file) &&
      !operators.test(file) &&
      /["/]maintenance\//.test(readFileSync(file, "utf8")),
  )
  expect(importing).toEqual([])
})

test("no role may scan a table, nor ask it in PartiQL", () => {
  const actions = Object.values(permissions).flatMap((grants) => grants.flatMap(({ actions }) => actions))
  expect(actions.filter((action) => /Scan|PartiQL|\*/.test(action))).toEqual([])
})
