import type { Json } from "../../core/json.ts"
import { nextMessage, startProcess, stopProcess } from "./processes.ts"

/** What an instance resolves for the platform `acme`, so many times at once. */
export interface Task {
  value: Json
  times: number
}

/** Instances of Latchkey in processes of their own, over what this process' environment names. */
export interface Instances {
  /** Has all of them do the task at once. How often they answered what: values as JSON, reasons or codes of failures. */
  all(task: Task): Promise<Record<string, number>>
  stop(): Promise<void>
}

/**
 * @param slowness by which their time is stretched, time-outs included: so many processes on a few cores are slower than
 *   each would be by itself
 */
export async function startInstances(count: number, { slowness = 1 } = {}): Promise<Instances> {
  const time = [slowness, Date.now()].map(String)
  const children = Array.from({ length: count }, () => startProcess("instance-process.ts", ...time))
  await Promise.all(children.map(nextMessage))
  return {
    async all(task) {
      const answers = children.map(nextMessage)
      for (const child of children) child.send(task)
      const total: Record<string, number> = {}
      for (const counts of (await Promise.all(answers)) as Record<string, number>[])
        for (const [answer, times] of Object.entries(counts)) total[answer] = (total[answer] ?? 0) + times
      return total
    },
    async stop() {
      await Promise.all(children.map(stopProcess))
    },
  }
}
