import { type ChildProcess, execFile, fork } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { openIdentity } from "../../local/identity.ts"

/** Sandboxes in processes of their own, all over the same servers, as instances of Lambda are. */
export interface Sandboxes {
  /** Base URLs of the API, one for each process. */
  apis: readonly string[]
  /** Tokens that all of them accept. */
  tokensOf(platformId: string): Promise<Tokens>
  /** Resident memory of each process, in MB. */
  memory(): Promise<number[]>
  stop(): Promise<void>
}

export interface Tokens {
  admin: string
  service: string
}

const script = fileURLToPath(new URL("sandbox.ts", import.meta.url))

export async function startSandboxes(count: number, environment: Record<string, string>): Promise<Sandboxes> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-load-"))
  const dataDirs = Array.from({ length: count }, (_, i) => join(folder, String(i)))
  const [first = folder] = dataDirs
  const identity = await openIdentity(first)
  for (const dataDir of dataDirs.slice(1)) {
    mkdirSync(dataDir, { mode: 0o700 })
    copyFileSync(join(first, "identity.json"), join(dataDir, "identity.json"))
  }
  const started: { child: ChildProcess; api: string }[] = []
  // One after another: the first makes the tables.
  for (const dataDir of dataDirs) started.push(await startSandbox(dataDir, environment))
  const children = started.map(({ child }) => child)

  return {
    apis: started.map(({ api }) => api),
    async tokensOf(platformId) {
      const [admin, service] = await Promise.all([
        identity.signToken({ platformId, role: "ADMIN" }),
        identity.signToken({ platformId, role: "MEMBER", type: "SERVICE" }),
      ])
      return { admin, service }
    },
    memory: () => Promise.all(children.map(residentMemory)),
    async stop() {
      await Promise.all(children.map(end))
      rmSync(folder, { recursive: true })
    },
  }
}

async function startSandbox(dataDir: string, environment: Record<string, string>) {
  const quiet = { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" }
  const child = fork(script, ["--data-dir", dataDir], { env: { ...process.env, ...environment, ...quiet } })
  const ended = once(child, "exit").then(() => Promise.reject(new Error("A sandbox did not start.")))
  const [{ api }] = (await Promise.race([once(child, "message"), ended])) as [{ api: string }]
  ended.catch(() => {})
  return { child, api }
}

/** As the operating system sees it. NaN where there is no `ps` to ask. */
async function residentMemory({ pid }: ChildProcess): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)])
    return (Number(stdout) * 1024) / 1_000_000
  } catch {
    return Number.NaN
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.disconnect()
  await ended
}
