import { systemClock } from "../core/clock.ts"
import { withDeadline } from "../core/deadline.ts"

/** Bound on one call of AWS, in milliseconds: all its attempts, the waits between them, and reading the answer. */
const callMs = 4_000

interface Options {
  abortSignal?: AbortSignal
}
type Send = (command: unknown, options?: Options) => Promise<unknown>

/**
 * Has every call of an AWS client end in time, whatever the service does. The SDK's own bounds are for one attempt, and for
 * its answer's first byte: an answer that stops in the middle is waited for five minutes.
 */
export function inTime<Client extends { send: unknown }>(client: Client): Client {
  const send = (client.send as Send).bind(client)
  const bounded: Send = (command, options) =>
    withDeadline(systemClock, callMs, options?.abortSignal, (abortSignal) =>
      send(command, { ...options, abortSignal }),
    )
  return Object.assign(client, { send: bounded })
}
