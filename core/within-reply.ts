import { limits } from "./limits.ts"

/** Room for what stands around the items: the list itself and two cursors. */
const frameBytes = 4_096

/**
 * As many items as fit a list's reply, from the end at which it goes on: as Lambda returns it, a text in JSON once more,
 * since that is what it bounds. Always at least one, so that a list gets on.
 */
export function withinReply<T>(data: T[], backward = false): T[] {
  const ordered = backward ? data.toReversed() : data
  let bytes = frameBytes
  let kept = 0
  for (const item of ordered) {
    bytes += Buffer.byteLength(JSON.stringify(JSON.stringify(item))) + 1
    if (kept > 0 && bytes > limits.listReply) break
    kept++
  }
  return backward ? data.slice(data.length - kept) : data.slice(0, kept)
}
