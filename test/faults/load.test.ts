import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import type { Result } from "../../bench/results.ts"

/** `npm run bench:load`, for seconds instead of a minute, and not at the edge of what a busy machine can do. */
const script = join(import.meta.dirname, "../../bench/load.ts")

test("sandboxes under load, with clears and rotations all along, give no wrong answer and no 5xx", async () => {
  const parameters = [script, "--seconds", "6", "--callers", "4", "--json"]
  const { stdout } = await promisify(execFile)(process.execPath, parameters)
  const { results } = JSON.parse(stdout) as { results: Result[] }
  expect(results.filter(({ holds }) => !holds)).toEqual([])
  expect(results).toContainEqual(expect.objectContaining({ name: "wrong answers", value: 0, budget: 0 }))
  expect(results.find(({ name }) => name === "requests")?.value).toBeGreaterThan(0)
}, 120_000)
