import { setTimeout } from "node:timers/promises"
import type { FaultProxy, Sent } from "../support/fault-proxy.ts"
import type { Answer } from "../support/sandbox-api.ts"

/** An answer, with how long it took in milliseconds. */
export async function timed(asking: Promise<Answer>): Promise<Answer & { ms: number }> {
  const from = performance.now()
  return { ...(await asking), ms: performance.now() - from }
}

/** The time between a client's hanging up and the server's hearing of it: less than any deadline of the code under test. */
const hearingMs = 100
/** Longer than what is left of a retry's wait, or of a deadline that was not heeded. */
const watchMs = 300

/** What is under way once all is answered, and what comes although nobody asks: nothing, it is hoped. */
export async function afterTheReply(
  proxy: FaultProxy,
  of: (request: Sent) => boolean = () => true,
): Promise<{ underWay: number; came: number }> {
  const sent = () => proxy.sent.filter(of).length
  const before = sent()
  for (let waited = 0; waited < hearingMs && proxy.underWay(of) > 0; waited += 5) await setTimeout(5)
  const underWay = proxy.underWay(of)
  await setTimeout(watchMs)
  return { underWay, came: sent() - before }
}

export const nothing = { underWay: 0, came: 0 }
