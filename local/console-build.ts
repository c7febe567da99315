import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readIfThere, replaceFile } from "./data-folder.ts"
import { SandboxError } from "./sandbox-error.ts"

const root = join(import.meta.dirname, "..")
const dist = join(root, "web/dist")
/** Beside the pages, and not served: what they were built from. */
const marker = join(dist, ".built-from")

/**
 * The folder with the console's built pages. They are built where there are none yet, or where what they are built from
 * has changed: a second or two, once.
 */
export async function buildConsole(): Promise<string> {
  const sources = digestOfSources()
  if ((await readIfThere(marker)) === sources) return dist
  console.error("latchkey: building the console, once ...")
  await vite("build", join(root, "web"), "--logLevel", "warn")
  await replaceFile(marker, sources)
  return dist
}

/** In a process of its own, since Vite builds for whatever `NODE_ENV` it finds, and a test's is not production. */
function vite(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), ...args], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", 2, "inherit"],
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code) =>
      code === 0
        ? resolve()
        : reject(new SandboxError("the console could not be built; the messages of vite are above.")),
    )
  })
}

function digestOfSources(): string {
  const hash = createHash("sha256")
  const files = globSync(
    ["web/**/*", "core/{client,contract,secrets}/**/*.ts", "core/*.ts", "package-lock.json"],
    {
      cwd: root,
      exclude: ["web/dist/**"],
      withFileTypes: true,
    },
  )
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(dist))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of files)
    hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0")
  return hash.digest("hex")
}
