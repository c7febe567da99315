import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

/** What SST 4.17.1 expects of its deployment engine; it asks for no more than this before a deployment. */
const pulumiVersion = "v3.215.0"

/**
 * Makes sure that SST's components and their types are in `.sst/platform`, with every provider that a stage may use. Needs
 * the npm registry and no account. SST gets a configuration folder in a cache outside the checkout, so the user's own
 * stays as it is.
 * @returns the platform's folder
 */
export function ensurePlatform(root: string): string {
  const platform = join(root, ".sst/platform")
  if (isInstalled(root, platform)) return platform
  console.error("latchkey: installing SST's components, once ...")
  const cache =
    process.env.LATCHKEY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "latchkey")
  const configuration = join(cache, "sst")
  const pulumi = join(configuration, "sst/bin/pulumi")
  mkdirSync(join(configuration, "sst/bin"), { recursive: true })
  writeFileSync(pulumi, `#!/bin/sh\necho ${pulumiVersion}\n`)
  chmodSync(pulumi, 0o755)
  try {
    execFileSync(join(root, "node_modules/.bin/sst"), ["install"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        XDG_CONFIG_HOME: configuration,
        BUN_INSTALL_CACHE_DIR: join(cache, "bun"),
        SST_BUN_PATH: findBun(root),
        SST_STAGE: "plan",
        SST_TELEMETRY_DISABLED: "1",
        DO_NOT_TRACK: "1",
        ...planCredentials,
      },
    })
  } catch (error) {
    throw new Error(
      `SST's components could not be installed. It needs the npm registry that npm is configured with; ${lastLines(error)}`,
    )
  }
  return platform
}

/** Nobody's: with them SST installs the optional provider too, so that types and plans know it. */
export const planCredentials = { UPSTASH_EMAIL: "plan@example.com", UPSTASH_API_KEY: "plan" }

function isInstalled(root: string, platform: string): boolean {
  const wanted: { version: string } = JSON.parse(
    readFileSync(join(root, "node_modules/sst/package.json"), "utf8"),
  )
  const version = join(platform, "version")
  const providers = ["@pulumi/aws", "@upstash/pulumi"]
  return (
    existsSync(version) &&
    readFileSync(version, "utf8").trim() === wanted.version &&
    providers.every((name) => existsSync(join(platform, "node_modules", name, "package.json"))) &&
    existsSync(join(platform, "config.d.ts"))
  )
}

/** Where its install script may run it moves the binary; here it may not. */
function findBun(root: string): string {
  const system = { darwin: "darwin", linux: "linux", win32: "windows" }[process.platform as string]
  const machine = { arm64: "aarch64", x64: "x64" }[process.arch as string]
  const places = [`@oven/bun-${system}-${machine}/bin/bun`, "bun/bin/bun.exe"].map((place) =>
    join(root, "node_modules", place),
  )
  const found = places.find((place) => existsSync(place))
  if (!found) throw new Error("The npm package `bun` has no binary for this machine. Run `npm ci` again.")
  return found
}

function lastLines(error: unknown): string {
  const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
  const lines = `${stdout ?? ""}\n${stderr ?? ""}`.trim().split("\n").slice(-5).join("\n")
  // What fails may be an address with a password in it.
  return `it said:\n${lines.replace(/https?:\/\/\S+/g, "<url>")}`
}
