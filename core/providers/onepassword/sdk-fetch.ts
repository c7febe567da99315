import type { Clock } from "../../clock.ts"

type Fetch = typeof globalThis.fetch

/** On one answer, in bytes: a vault of about ten thousand items has as much. */
const maxBytes = 16 * 1_048_576
/** On one request with its answer, in milliseconds. */
const requestMs = 5_000

const bounded = new WeakSet<Fetch>()

/**
 * A global `fetch` for the SDK, which waits and reads without end, and can be told neither when to stop nor where to: what it
 * asks for, always by a `Request`, is bounded in time and size. All else is passed on as it is.
 */
export function boundedFetch(fetch: Fetch, clock: Clock): Fetch {
  if (bounded.has(fetch)) return fetch
  const within: Fetch = async (input, init) => {
    if (!(input instanceof Request)) return fetch(input, init)
    const signal = AbortSignal.any([input.signal, clock.timeout(requestMs)])
    const response = await fetch(input, { ...init, signal })
    const body = response.body?.pipeThrough(upTo(maxBytes), { signal }) ?? null
    // One that is made has no address, which would end the SDK, and the process with it.
    return Object.defineProperty(new Response(body, response), "url", { value: response.url || input.url })
  }
  bounded.add(within)
  return within
}

function upTo(max: number): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length
      if (size > max) controller.error(new TypeError("The answer is too large."))
      else controller.enqueue(chunk)
    },
  })
}
