import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { setTimeout } from "node:timers/promises"

export interface ServerProcess {
  /** What it had printed by the time it was ready. */
  output: string
  /** Stops it where it is (`SIGSTOP`): connections are accepted by the kernel, and nothing answers. */
  pause(): void
  resume(): void
  /** Kills it and whatever it started, at once: these servers keep nothing. */
  stop(): Promise<void>
}

interface Options {
  /** For messages. */
  name: string
  command: string
  args: string[]
  /** Asked again and again with what the process has printed, until it answers true or the process ends. */
  isReady: (output: string, signal: AbortSignal) => Promise<boolean>
}

/** A slow machine under load, and a JVM. */
const READY_WITHIN_MS = 60_000
const ANSWERS_WITHIN_MS = 2_000

/**
 * The process becomes the server by `exec`, and leads a process group of its own. Beside it a shell waits for the end of
 * a pipe that this process holds open: however this process ends, `kill -9` included, the pipe closes and the
 * group is killed, so that no server outlives its tests.
 */
const ON_A_LEASH = '(read -r _ <&3; kill -KILL "-$$") >/dev/null 2>&1 & exec "$@" 3<&-'

/** Starts a server, and waits until it answers. */
export async function startProcess({ name, command, args, isReady }: Options): Promise<ServerProcess> {
  const child = spawn("/bin/sh", ["-c", ON_A_LEASH, name, command, ...args], {
    detached: true,
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, HOME: tmpdir() },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  })
  const exited = once(child, "exit")
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk
    })

  let stopped: Promise<unknown> | undefined
  const stop = async () => {
    if (stopped === undefined) killGroup(child)
    stopped ??= exited
    await stopped
  }
  try {
    await becomesReady()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    output,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    stop,
  }

  async function becomesReady(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS
    while (child.exitCode === null && child.signalCode === null) {
      if (await isReady(output, AbortSignal.timeout(ANSWERS_WITHIN_MS)).catch(() => false)) return
      if (Date.now() > deadline) throw new Error(`${name} did not answer within a minute:\n${lastLines()}`)
      await setTimeout(50)
    }
    throw new Error(
      `${name} ended as it started. If it is not installed, run test/live/setup.sh.\n${lastLines()}`,
    )
  }

  function lastLines(): string {
    return output.trimEnd().split("\n").slice(-15).join("\n")
  }
}

/** The group outlives its leader by the shell that holds the leash. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // All of it is gone already.
  }
}

/** A port of 127.0.0.1 that nothing listens at now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string")
    throw new Error("A TCP server has an address with a port")
  return address.port
}
