import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type Result, result } from "./results.ts"

/** In a process of its own, whose heap holds nothing else that grows. */
export async function memory(): Promise<Result[]> {
  const sample = fileURLToPath(new URL("memory-sample.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", sample])
  return [result("memory per 10,000 cached secrets of 200 B", Number(stdout) / 1_000_000, "MB", 10)]
}
