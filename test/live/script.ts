import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { tool } from "./tools.ts"

/**
 * Runs a Python script of this folder, which drives a server by its vendor's own client, and gives the lines it printed.
 * There are no variables, such as AWS_* or VAULT_*, to mislead the client; without -B a module that scripts share would
 * leave its compiled form in the checkout.
 */
export async function runScript(name: string, given: object): Promise<string[]> {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), ["-B", script], { env: {} })
  child.stdin.end(JSON.stringify(given))
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  return printed.trim().split("\n")
}
