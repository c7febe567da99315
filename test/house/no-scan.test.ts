import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { permissions } from "../../stacks/permissions.ts"
import { sources } from "./sources.ts"

/** A scan reads every platform's items. Lists, the audit and the usage go by keys, which begin with the platform. */
test("nothing scans a table", () => {
  const scanning = sources.filter(
    (file) =>
      /^(core|functions)\//.test(file) &&
      /\bScanCommand\b|\bpaginateScan\b|\bExecuteStatement|PartiQL/.test(readFileSync(file, "utf8")),
  )
  expect(scanning).toEqual([])
})

test("no role may scan a table, nor ask it in PartiQL", () => {
  const actions = Object.values(permissions).flatMap((grants) => grants.flatMap(({ actions }) => actions))
  expect(actions.filter((action) => /Scan|PartiQL|\*/.test(action))).toEqual([])
})
