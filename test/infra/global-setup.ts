import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { ensurePlatform } from "../../stacks/plan/install.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the one build that all tests look at. */
    functions: string
  }
}

export default function setup(project: TestProject): () => void {
  const root = project.config.root
  ensurePlatform(root)
  const given = process.env.LATCHKEY_FUNCTIONS
  const functions = given ?? mkdtempSync(join(tmpdir(), "latchkey-functions-"))
  if (given === undefined)
    execFileSync(process.execPath, ["stacks/build.ts", functions], { cwd: root, stdio: "inherit" })
  project.provide("functions", functions)
  return () => {
    if (given === undefined) rmSync(functions, { recursive: true, force: true })
  }
}
