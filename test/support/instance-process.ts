/**
 * Run by `instances.ts` as a process of its own: one instance of Latchkey, composed as on Lambda of what its environment
 * names. Resolves what it is told to, as often at the same time as it is told to.
 */
import { once } from "node:events"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { KMSClient } from "@aws-sdk/client-kms"
import { systemClock } from "../../core/clock.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { compose } from "../../functions/compose.ts"
import { readEnvironment } from "../../functions/environment.ts"
import { resolve } from "./instance.ts"
import type { Task } from "./instances.ts"

const [slowness = 1, since = 0] = process.argv.slice(2).map(Number)
const { now, timeout } = systemClock
systemClock.now = () => Math.floor(since + (now() - since) / slowness)
systemClock.timeout = (ms) => timeout(slowness * ms)

// By default so many calls at once would wait for sockets, and fail.
const dynamodb = new DynamoDBClient({ requestHandler: { httpAgent: { maxSockets: 1_000 } } })
const kms = new KMSClient()
const clients = {
  dynamodb,
  kms: async () => kms,
  credentials: () => Promise.reject(new Error("No role is assumed here.")),
}
const latchkey = compose(readEnvironment(process.env), clients, { count() {}, time() {} })

async function answer({ value }: Task): Promise<string> {
  try {
    return JSON.stringify((await resolve(latchkey, value)).value)
  } catch (error) {
    if (error instanceof LatchkeyError) return error.fields.reason ?? error.code
    throw error
  }
}

process.send?.("ready")
for (;;) {
  const [task] = (await once(process, "message")) as [Task]
  const answers = await Promise.all(Array.from({ length: task.times }, () => answer(task)))
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
  process.send?.(counts)
}
