/** Time, injected so that tests can move it. Milliseconds since the Unix epoch, as `Date.now()`. */
export interface Clock {
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** A signal that aborts after `ms`, with a `TimeoutError` as its reason. It keeps no process alive. */
  timeout(ms: number): AbortSignal
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort)
        resolve()
      }, ms)
      signal?.addEventListener("abort", abort, { once: true })
    }),
  timeout: (ms) => AbortSignal.timeout(Math.max(0, Math.ceil(ms))),
}
