import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { describe } from "./describe.ts"
import { evaluate } from "./evaluate.ts"
import { planOf } from "./shape.ts"

/** `npm run plan -- --stage NAME [--json]`: what a deployment of the stage would make, computed without an account. */

const root = fileURLToPath(new URL("../..", import.meta.url))

async function main(): Promise<void> {
  const { stage, json } = options()
  const functions = join(root, ".sst/plan", stage, "functions")
  const built = process.env.LATCHKEY_FUNCTIONS ?? functions
  if (built === functions)
    execFileSync(process.execPath, ["stacks/build.ts", functions], { cwd: root, stdio: ["ignore", 2, 2] })
  const resources = await evaluate(stage, { functions: built, environment: upstash() })
  const plan = planOf(stage, resources, built)
  process.stdout.write(json ? `${JSON.stringify(plan, undefined, 2)}\n` : describe(plan, resources))
}

function options(): { stage: string; json: boolean } {
  const usage = "usage: npm run plan -- --stage NAME [--json]"
  try {
    const { stage, json = false } = parseArgs({
      options: { stage: { type: "string" }, json: { type: "boolean" } },
    }).values
    if (stage !== undefined) return { stage, json }
  } catch {
    // What is wrong with them, the usage says.
  }
  throw new Error(usage)
}

/** Whether a deployment from here would have the database made decides what is planned. */
function upstash(): Record<string, string> {
  const { UPSTASH_EMAIL, UPSTASH_API_KEY } = process.env
  return { ...(UPSTASH_EMAIL && { UPSTASH_EMAIL }), ...(UPSTASH_API_KEY && { UPSTASH_API_KEY: "given" }) }
}

try {
  await main()
} catch (error) {
  console.error(`latchkey: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
