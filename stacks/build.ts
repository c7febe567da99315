import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { bundleFunction } from "./bundle.ts"
import { functionFiles } from "./function-names.ts"
import { asksSecretManagers, type FunctionId } from "./permissions.ts"

/** A function's bundle on disk, for the stacks and for the plan. */
export interface BuiltFunction {
  /** The folder that ships. */
  path: string
  /** For Lambda: `resolve.handler`. */
  handler: string
  bytes: number
  /** Of what any request loads. */
  hotBytes: number
  /** Source maps of what every request loads of our code. They are in a folder beside, and do not ship. */
  maps: string[]
  sources: string[]
}

/** What `node stacks/build.ts <folder>` writes there as `functions.json`, by operation. */
export type Built = Record<string, BuiltFunction>

/**
 * Bundles every function into `<folder>/<file>`, in a process of its own: SST evaluates the stacks with an esbuild of
 * another version beside them.
 */
async function buildAll(folder: string): Promise<Built> {
  await rm(folder, { recursive: true, force: true })
  const built = await Promise.all(
    (Object.entries(functionFiles) as [FunctionId, string][]).map(async ([id, file]) => {
      const path = join(folder, file)
      const { handler, chunks, bytes, hotBytes, sources } = await bundleFunction(file, path)
      const hot = chunks.filter((chunk) => chunk.hot).map((chunk) => `${chunk.file}.map`)
      const maps = await setMapsAside(path, join(folder, `${file}.maps`), hot)
      if (asksSecretManagers(id)) await copyFile(onePasswordCore, join(path, "core_bg.wasm"))
      return [id, { path, handler, bytes, hotBytes, maps, sources }] as const
    }),
  )
  return Object.fromEntries(built)
}

async function setMapsAside(from: string, to: string, kept: readonly string[]): Promise<string[]> {
  await mkdir(to)
  const maps = (await readdir(from)).filter((file) => file.endsWith(".map"))
  const moved = await Promise.all(
    maps.map(async (file) => {
      const { sources }: { sources: string[] } = JSON.parse(await readFile(join(from, file), "utf8"))
      const ours = sources.some((source) => !source.includes("node_modules/"))
      await rename(join(from, file), join(to, file))
      return ours && kept.includes(file) ? [join(to, file)] : []
    }),
  )
  return moved.flat()
}

/** 1Password's SDK reads it from beside itself when a service account is first used: 14 MB, which no other function needs. */
const onePasswordCore = createRequire(import.meta.url).resolve("@1password/sdk-core/nodejs/core_bg.wasm")

const folder = resolve(process.argv[2] ?? "dist/functions")
const built = await buildAll(folder)
await writeFile(join(folder, "functions.json"), JSON.stringify(built, undefined, 2))
