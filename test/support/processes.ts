import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

/** A script of this folder in a process of its own, with this one's environment. */
export const startProcess = (script: string, ...args: string[]): ChildProcess =>
  fork(join(import.meta.dirname, script), args, { env: process.env, execArgv: [] })

/** The next message of a process. @throws Error where it ends instead */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const heard = new AbortController()
  const { signal } = heard
  const exit = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`A process has ended with ${code}.`)
  })
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), exit])
    return message
  } finally {
    heard.abort()
    exit.catch(() => {})
  }
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGKILL")
  await exit
}
