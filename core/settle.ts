/**
 * As `Promise.all`, but also a failure is told only once everything has ended: nothing that a request began runs on
 * after its reply.
 */
export async function settled<T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(work)
  } catch {
    await Promise.allSettled(work)
    return Promise.all(work)
  }
}

/** What `promise` gives, or the signal's reason as soon as that aborts. The work behind the promise goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>()
  const leave = () => left.reject(signal.reason)
  if (signal.aborted) leave()
  signal.addEventListener("abort", leave, { once: true })
  try {
    return await Promise.race([promise, left.promise])
  } finally {
    signal.removeEventListener("abort", leave)
  }
}
