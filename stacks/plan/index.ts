import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { evaluate } from "./evaluate.ts"
import { type Plan, planOf } from "./shape.ts"

/** `npm run plan -- --stage NAME [--json]`: what a deployment of the stage would make, computed without an account. */

const root = fileURLToPath(new URL("../..", import.meta.url))

async function main(): Promise<void> {
  const { stage, json } = options()
  const functions = join(root, ".sst/plan", stage, "functions")
  const built = process.env.LATCHKEY_FUNCTIONS ?? functions
  if (built === functions)
    execFileSync(process.execPath, ["stacks/build.ts", functions], { cwd: root, stdio: ["ignore", 2, 2] })
  const plan = planOf(stage, await evaluate(stage, { functions: built, environment: upstash() }), built)
  process.stdout.write(json ? `${JSON.stringify(plan, undefined, 2)}\n` : describe(plan))
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

function describe({ stage, resources, functions, routes }: Plan): string {
  const counts = Map.groupBy(resources, ({ type }) => type)
  return [
    `Stage ${stage}: ${resources.length} resources\n`,
    table(
      ["function", "memory", "timeout", "bundle", "hot part", "may"],
      functions.map((one) => [
        one.name,
        `${one.memory} MB`,
        `${one.timeout} s`,
        kilobytes(one.bundleBytes),
        kilobytes(one.hotBytes),
        one.permissions
          .flatMap(({ actions }) => actions)
          .filter((action) => !action.startsWith("logs:"))
          .join(" "),
      ]),
    ),
    table(
      ["route", "", "operation", "authorizer"],
      routes.map(({ method, path, operation, authorizer }) => [
        method,
        path,
        operation ?? "answered by API Gateway",
        authorizer ?? "public",
      ]),
    ),
    table(
      ["resources", ""],
      [...counts].map(([type, { length }]) => [type, String(length)]),
    ),
  ].join("\n")
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("")
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} KB`

try {
  await main()
} catch (error) {
  console.error(`latchkey: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
