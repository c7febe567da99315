import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { expect, test } from "vitest"

/** The files that `entry` loads at run time. */
function loaded(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  const text = readFileSync(entry, "utf8")
  for (const [, specifier = ""] of text.matchAll(
    /^(?:import|export)\s+(?!type\s)[^"';]*?from\s+"(\.[^"]+)"/gm,
  ))
    loaded(normalize(join(dirname(entry), specifier)), seen)
  return seen
}

test("the client and the route table load no schemas and no providers, so a browser's bundle stays small", () => {
  for (const entry of ["core/client/index.ts", "core/contract/routes.ts", "core/client-lambda/index.ts"])
    for (const file of loaded(entry)) {
      expect(file).not.toMatch(/^core\/(contract\/(operations|shapes)|providers)\//)
      expect(readFileSync(file, "utf8"), file).not.toMatch(/^import \* as z from "zod/m)
    }
})

test("only creating and testing what is not saved need the providers", () => {
  const groups = globSync("core/contract/operations/*.ts").filter((file) => !file.endsWith("/index.ts"))
  const needing = groups.filter((file) => loaded(file).has("core/providers/registry.ts"))

  expect(needing).toEqual(["core/contract/operations/new-connection.ts"])
})
