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
  /** Bytes of what any request loads: without vendors' SDKs that wait for a miss, and KMS, which waits for an unknown key. */
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
  const hot = hotOutputs(metafile, entry)
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }): Promise<Chunk> => {
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
      await writeFile(join(outdir, file), `${code}//# sourceMappingURL=${file}.map\n`)
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
    sources: Object.keys(metafile.inputs),
  }
}

/** What is loaded with the entry, and by `import()` of our own files, as the object graph is. */
function hotOutputs({ outputs }: Metafile, entry: string): Set<string> {
  const hot = new Set<string>()
  const queue = Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === entry)
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (hot.has(file)) continue
    hot.add(file)
    for (const { path, kind, external } of outputs[file]?.imports ?? [])
      if (!external && (kind === "import-statement" || !waits(outputs[path]?.entryPoint))) queue.push(path)
  }
  return hot
}

/** Vendors' SDKs, and the file that stands before KMS's. */
const waits = (source = "") =>
  source.startsWith("node_modules/") || source === "core/crypto/aws-kms-client.ts"
