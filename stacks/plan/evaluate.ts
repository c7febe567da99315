import { spawn } from "node:child_process"
import { mkdir, readFile, rm } from "node:fs/promises"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"
import { type StageInput, settingsOf } from "../config.ts"
import { ensurePlatform } from "./install.ts"
import { startRpc } from "./rpc.ts"

/** A resource as it would be handed to Pulumi's engine. */
export interface PlannedResource {
  /** `aws:lambda/function:Function` */
  type: string
  /** Of the program's own; on AWS it may be called something else. */
  name: string
  inputs: Record<string, unknown>
}

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface EvaluateOptions {
  /** The folder of a build. */
  functions: string
  /** The deployment's: Upstash's keys. Default none. */
  environment?: Record<string, string>
  /** Instead of the stage's own. */
  settings?: StageInput
  /** As `sst dev` would make it, instead of a deployment. */
  dev?: boolean
}

/**
 * Every resource of a stage, computed without an account.
 * @throws Error with what SST, or the stage's settings, had to say
 */
export async function evaluate(
  stage: string,
  { functions, environment = {}, settings, dev = false }: EvaluateOptions,
): Promise<PlannedResource[]> {
  const platform = ensurePlatform(root)
  const work = join(root, ".sst/plan", stage)
  // Where the console's pages would be: a plan builds none.
  const pages = join(work, "console")
  await mkdir(pages, { recursive: true })
  // Beside the platform's own modules, which the program loads.
  const program = join(platform, `latchkey-plan-${stage}.mjs`)
  const result = join(work, "resources.json")
  const rpc = await startRpc()
  try {
    await bundleProgram({ stage, platform, work, settings, dev }, program)
    await runProgram(program, {
      ...environment,
      SST_SERVER: rpc.url,
      SST_STAGE: stage,
      SST_SECRET_UpstashRedisRestUrl: "https://cache.example.com",
      SST_SECRET_UpstashRedisRestToken: "plan",
      LATCHKEY_PLAN: result,
      LATCHKEY_FUNCTIONS: functions,
      LATCHKEY_CONSOLE: relative(root, pages),
    })
    return JSON.parse(await readFile(result, "utf8"))
  } finally {
    await Promise.all([rpc.close(), rm(program, { force: true })])
  }
}

interface Program {
  stage: string
  platform: string
  work: string
  settings: StageInput | undefined
  dev: boolean
}

/** As SST's command line bundles a configuration. */
async function bundleProgram(
  { stage, platform, work, settings, dev }: Program,
  outfile: string,
): Promise<void> {
  const isProtected = settingsOf(stage, settings).protected
  await build({
    entryPoints: [join(root, "stacks/plan/engine.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    logLevel: "silent",
    inject: [join(platform, "src/shim/run.js")],
    nodePaths: [join(platform, "node_modules")],
    external: [
      "@pulumi/*",
      "@pulumiverse/*",
      "@upstash/*",
      "@aws-sdk/*",
      "esbuild",
      "archiver",
      "glob",
      "undici",
      "vite",
    ],
    define: {
      $app: JSON.stringify({
        name: "latchkey",
        stage,
        removal: isProtected ? "retain" : "remove",
        protect: isProtected,
        providers: { aws: {} },
      }),
      $cli: JSON.stringify({
        command: dev ? "dev" : "deploy",
        rpc: "",
        paths: { home: work, root, work, platform },
        home: "aws",
        state: { version: {} },
      }),
      $dev: String(dev),
    },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    plugins: [...(settings ? [otherSettings(settings)] : []), globals(platform)],
  })
}

/** SST makes providers and components global to the project's own files; what runs the program is global to its engine. */
function globals(platform: string): Plugin {
  const prelude = [
    'import * as aws from "@pulumi/aws"',
    'import * as upstash from "@upstash/pulumi"',
    `import * as sst from ${JSON.stringify(join(platform, "src/components"))}`,
    `import { run as runSst } from ${JSON.stringify(join(platform, "src/auto/run.ts"))}`,
  ].join("; ")
  return {
    name: "globals",
    setup(build) {
      build.onLoad({ filter: /\/(?:sst\.config|stacks\/.*)\.ts$/ }, async ({ path }) =>
        path.startsWith(platform)
          ? undefined
          : { contents: `${prelude}\n${await readFile(path, "utf8")}`, loader: "ts" },
      )
    },
  }
}

function otherSettings(settings: StageInput): Plugin {
  return {
    name: "other-settings",
    setup(build) {
      build.onLoad({ filter: /\/stacks\/stages\.ts$/ }, () => ({
        contents: `export const stages = {}; export const personal = ${JSON.stringify(settings)}`,
      }))
    },
  }
}

async function runProgram(program: string, environment: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [program], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...withoutCredentials(process.env), ...environment },
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said += chunk
    })
  const status = await new Promise((resolve) => child.on("close", resolve))
  if (status !== 0) throw new Error(`The plan could not be made.\n${said.trim()}`)
}

/** A plan asks nobody, so it needs nobody's keys. */
function withoutCredentials(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(?:AWS_|SST_|UPSTASH_|PULUMI_)/.test(name)),
  )
}
