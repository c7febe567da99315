import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type Result, result } from "./results.ts"

/**
 * What Latchkey itself computes for a reference whose document is in memory: a resolve of 200, divided by them, where
 * the store answers at once with the same records and nothing is kept of the audit, so that no client's work is counted.
 * In a process of its own, so that nobody else's garbage is collected meanwhile.
 */
export async function ownCpu(): Promise<Result[]> {
  const sample = fileURLToPath(new URL("cpu-sample.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [sample])
  return [result("own CPU per cached reference", Number(stdout), "µs", 8)]
}
