import { mkdir, writeFile } from "node:fs/promises"
import { basename, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { type BuildOptions, build, type Metafile, transform } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))

/** A function as it is deployed: `<name>.cjs` with the export `handler`, and the chunks that it loads when they are needed. */
export interface Bundle {
  /** For Lambda: `resolve.handler`. */
  handler: string
  chunks: Chunk[]
  /** Bytes of all chunks, source maps not counted. */
  bytes: number
  /** Bytes of what every request loads: the entry and the object graph, without what waits behind them for its use. */
  hotBytes: number
  /** Every source file that something was taken from, relative to the project. */
  sources: string[]
}

interface Chunk {
  file: string
  bytes: number
  hot: boolean
}

/**
 * For every function alike, as plain esbuild options. The AWS clients are a third smaller in their ES modules. What
 * stands behind `import()` becomes a chunk of its own.
 */
export const bundling = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  splitting: true,
  minify: true,
  legalComments: "none",
  mainFields: ["module", "main"],
  outExtension: { ".js": ".cjs" },
  alias: {
    // Vendors' clients take our transport. Their own is left out, so that it cannot be reached by mistake either.
    axios: "./stacks/instead/axios.ts",
    // On Lambda credentials are in the environment. The SDK's search for them elsewhere would split its core into thirty
    // chunks: 12 ms of a cold start.
    "@aws-sdk/credential-provider-node": "./stacks/instead/credential-provider-node.ts",
    "@aws-sdk/middleware-endpoint-discovery": "./stacks/instead/endpoint-discovery.ts",
    // The SDK's core would load these for browsers and for streams of events, of which there are none.
    bowser: "./stacks/instead/nothing.ts",
    "@smithy/core/event-streams": "./stacks/instead/nothing.ts",
  },
} as const satisfies BuildOptions

/**
 * Bundles `functions/<name>.ts` into a folder of its own. esbuild splits ES modules only, so each chunk is turned into
 * CommonJS afterwards: Node loads the same code in nine tenths of the time, most of all what imports `node:http`.
 */
export async function bundleFunction(name: string, outdir: string): Promise<Bundle> {
  const entry = `functions/${name}.ts`
  const { outputFiles, metafile } = await build({
    ...bundling,
    alias: { ...bundling.alias },
    mainFields: [...bundling.mainFields],
    entryPoints: [entry],
    outdir,
    write: false,
    metafile: true,
    sourcemap: "inline",
    sourcesContent: false,
  })
  await mkdir(outdir, { recursive: true })
  const { all, hot } = reach(metafile, entry)
  const reached = outputFiles.filter(({ path }) => all.has(relative(root, path)))
  const chunks = await Promise.all(
    reached.map(async ({ path, text }): Promise<Chunk> => {
      const file = basename(path)
      const { code, map } = await transform(text, {
        format: "cjs",
        platform: bundling.platform,
        target: bundling.target,
        minify: true,
        supported: { "dynamic-import": false },
        sourcefile: file,
        sourcemap: "external",
        sourcesContent: false,
      })
      const exported = isCommonJs(metafile, relative(root, path)) ? exportsOfDefault : ""
      await writeFile(join(outdir, file), `${code}${exported}//# sourceMappingURL=${file}.map\n`)
      await writeFile(join(outdir, `${file}.map`), map)
      return { file, bytes: Buffer.byteLength(code), hot: hot.has(relative(root, path)) }
    }),
  )
  const sum = (some: Chunk[]) => some.reduce((total, { bytes }) => total + bytes, 0)
  return {
    handler: `${name}.handler`,
    chunks,
    bytes: sum(chunks),
    hotBytes: sum(chunks.filter(({ hot }) => hot)),
    sources: [...all].flatMap((file) => Object.keys(metafile.outputs[file]?.inputs ?? {})),
  }
}

/**
 * Whether a chunk is a package in CommonJS behind an `import()`. Of such esbuild makes an ES module that exports nothing by
 * name, all of it as `default`.
 */
function isCommonJs({ inputs, outputs }: Metafile, chunk: string): boolean {
  const { entryPoint, exports } = outputs[chunk] ?? {}
  return inputs[entryPoint ?? ""]?.format === "cjs" && exports?.join() === "default"
}

/** It becomes what the package itself exports, so that its names are there again, as in Node. */
const exportsOfDefault = "module.exports=module.exports.default;\n"

/** What every function that has an object graph loads with its first request. */
const graph = "functions/compose.ts"

/**
 * The outputs that the entry can come to load, and those of them that it always does. Of what esbuild wrote some is neither:
 * it splits off what stands behind an `import()` before it finds that nobody calls that.
 */
function reach({ outputs }: Metafile, entry: string): { all: Set<string>; hot: Set<string> } {
  const start = Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === entry)
  const follow = (loads: (chunk: string, kind: string) => boolean) => {
    const reached = new Set<string>()
    const queue = [...start]
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (reached.has(file)) continue
      reached.add(file)
      for (const { path, kind, external } of outputs[file]?.imports ?? [])
        if (!external && loads(path, kind)) queue.push(path)
    }
    return reached
  }
  return {
    all: follow(() => true),
    hot: follow((chunk, kind) => kind === "import-statement" || outputs[chunk]?.entryPoint === graph),
  }
}
