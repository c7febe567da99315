import { execFile } from "node:child_process"
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { contextFromPrincipal } from "../core/auth/access.ts"
import { bundleFunction } from "../stacks/bundle.ts"
import { type Deployment, service } from "./deployment.ts"
import { median } from "./measure.ts"
import { type Result, result } from "./results.ts"

const samples = 15
const root = fileURLToPath(new URL("..", import.meta.url))

/**
 * The first call of an instance: importing the `resolve` function as it is deployed, and its first resolve of 20 that are
 * in Redis; beside the same function as one ES module with every dependency in it, imported at its start.
 */
export async function cold(deployment: Deployment): Promise<Result[]> {
  await deployment.cache(20)
  await deployment.stubs.delay(1)
  const folder = await mkdtemp(join(tmpdir(), "latchkey-bench-"))
  try {
    const { handler, hotBytes } = await bundleFunction("resolve", join(folder, "resolve"))
    await bundleEverything(join(folder, "everything.mjs"))
    const deployed = join(folder, "resolve", handler.replace(/\.handler$/, ".cjs"))
    const everything = join(folder, "everything.mjs")
    const event = eventFor(deployment)
    const taken: { deployed: number[]; everything: number[] } = { deployed: [], everything: [] }
    for (let sample = 0; sample < samples; sample++) {
      taken.deployed.push(await firstCall(deployed, event))
      taken.everything.push(await firstCall(everything, event))
    }
    const [ours, theirs] = [median(taken.deployed), median(taken.everything)]
    return [
      result("cold: one bundle with every dependency, import and first resolve of 20", theirs, "ms"),
      result("cold: the function as deployed, import and first resolve of 20", ours, "ms"),
      result("cold: as deployed ÷ one bundle with every dependency", ours / theirs, "x", 0.35),
      result("bundle of resolve: what a request loads", hotBytes / 1000, "KB", 500),
    ]
  } finally {
    await deployment.stubs.delay(0)
    await rm(folder, { recursive: true })
  }
}

/** What bundlers make without being told otherwise: one ES module, loaded whole. */
async function bundleEverything(outfile: string): Promise<void> {
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  const names = Object.keys(dependencies)
  const imports = names.map((name, i) => `import * as dependency${i} from "${name}"`)
  // Named, so that nothing is left out of them.
  const kept = `export const dependencies = [${names.map((_, i) => `dependency${i}`)}]`
  const handler = `export { handler } from "./functions/resolve.ts"`
  await build({
    absWorkingDir: root,
    stdin: { contents: [...imports, kept, handler].join("\n"), resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    mainFields: ["module", "main"],
    outfile,
    banner: {
      js: [
        'import { createRequire } from "node:module"',
        "const require = createRequire(import.meta.url)",
        "const __filename = import.meta.filename, __dirname = import.meta.dirname",
      ].join("\n"),
    },
  })
  // 1Password's SDK reads its WebAssembly from beside itself.
  const wasm = join(root, "node_modules/@1password/sdk-core/nodejs/core_bg.wasm")
  await copyFile(wasm, join(outfile, "..", "core_bg.wasm"))
}

async function firstCall(bundle: string, event: string): Promise<number> {
  const script = fileURLToPath(new URL("cold-sample.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, bundle, event])
  return Number(stdout)
}

function eventFor({ valueWith }: Deployment): string {
  return JSON.stringify({
    headers: { "content-type": "application/json" },
    requestContext: { httpMethod: "POST", authorizer: contextFromPrincipal(service) },
    body: JSON.stringify({ value: valueWith(20) }),
  })
}
