import { execFile } from "node:child_process"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Built } from "../../../stacks/build.ts"
import { functionFiles } from "../../../stacks/function-names.ts"
import type { FunctionId } from "../../../stacks/permissions.ts"
import { environmentOf, type FunctionOptions } from "./function.ts"

/** How long it takes to load the bundle, in milliseconds: the least of several, each in a fresh process and by nothing else. */
export async function initMs(options: FunctionOptions, samples = 3): Promise<number> {
  const file = join(options.built.path, options.built.handler.replace(/\.handler$/, ".cjs"))
  return least(samples, [file], environmentOf(options))
}

/** The same of all chunks, whether a request would need them or not: what a bundle costs that loads everything. */
export function initOfEverythingMs(files: readonly string[], samples = 3): Promise<number> {
  return least(samples, files, {})
}

const sample =
  "const from = performance.now(); for (const file of process.argv.slice(1)) require(file); const took = performance.now() - from; process.stdout.write(String(took), () => process.exit())"

async function least(
  samples: number,
  files: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < samples; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", sample, ...files], { env })
    taken.push(Number(stdout))
  }
  return Math.min(...taken)
}

/** Every chunk of a function, those that wait for their use too. */
export async function chunksOf({ path }: Built[string]): Promise<string[]> {
  const files = await readdir(path)
  return files.filter((file) => file.endsWith(".cjs")).map((file) => join(path, file))
}

/** A line of the report: what a function loads of how much, how long that takes, and how long its first request took. */
export function reportOf(
  id: FunctionId,
  { bytes, hotBytes }: Built[string],
  times: { init: number; first: number | undefined },
): string {
  const kilobytes = (n: number) => `${Math.round(n / 1_000)} KB`.padStart(8)
  const milliseconds = (n: number | undefined) => `${n?.toFixed(0) ?? "-"} ms`.padStart(8)
  return [
    functionFiles[id].padEnd(20),
    `${kilobytes(hotBytes)} of ${kilobytes(bytes)}`,
    `init ${milliseconds(times.init)}`,
    `first request ${milliseconds(times.first)}`,
  ].join("  ")
}
