/**
 * Runs a script of this project on a machine where nothing is set up yet: installs the locked dependencies where they
 * are missing or out of date, then hands over to the Node that the project runs on (the `node` package, the Lambda
 * runtime's major version), whatever Node is on PATH.
 *
 *     node local/setup.mjs [<script> [arguments]]
 *
 * Plain JavaScript for Node 20 or later, with no dependencies, since it runs before any are there.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const runtime = join(root, "node_modules/node/bin/node")

/** One line that says what to do, and exit code 1. */
function fail(message) {
  console.error(`latchkey: ${message}`)
  process.exit(1)
}

function npm(...args) {
  const run = spawnSync("npm", args, {
    cwd: root,
    stdio: ["ignore", 2, "inherit"],
    shell: process.platform === "win32",
  })
  if (run.error || run.status !== 0)
    fail(`\`npm ${args.join(" ")}\` failed; its messages are above. Mend that and try again.`)
}

/** npm writes `node_modules/.package-lock.json` last, so its age tells which lockfile was installed. */
function installed() {
  const marker = join(root, "node_modules/.package-lock.json")
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs
}

/** This process's parent and, where the system tells, the parent's: npm's shell, and npm. */
function ancestors() {
  try {
    // proc_pid_stat(5): the parent is the second field after the command's name, which may hold anything but its last ")".
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8")
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(")")).split(" ")[2]}`
  } catch {
    return String(process.ppid)
  }
}

if (Number(process.versions.node.split(".")[0]) < 20)
  fail(`Node.js 20 or later is needed to set up; this is ${process.version}. Install it from nodejs.org.`)

if (!installed()) {
  console.error("latchkey: installing dependencies (npm ci), once ...")
  npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
}
// The runtime comes by an install script, which `ignore-scripts` in a user's npm configuration skips.
if (!existsSync(runtime)) npm("rebuild", "node", "esbuild", "--ignore-scripts=false", "--loglevel=error")

const [script, ...args] = process.argv.slice(2)
if (script === undefined) process.exit(0)

const child = spawn(runtime, [join(root, script), ...args], { cwd: root, stdio: "inherit" })
// A terminal sends Ctrl-C to both; a supervisor may signal only this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
// npm may be killed, or its shell keep a signal to itself: what it started must not outlive it.
const startedBy = ancestors()
const watch = setInterval(() => {
  if (ancestors() !== startedBy) child.kill("SIGTERM")
}, 500)
watch.unref()
child.on("error", (error) => fail(`could not run ${runtime}: ${error.message}`))
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)))
