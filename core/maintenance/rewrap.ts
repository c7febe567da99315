import type { Rewrapper } from "../crypto/aws-rewrap.ts"
import { configContext, platformContext } from "../crypto/contexts.ts"
import type { Records, WrappedKey } from "./records.ts"
import { type WalkOptions, walk } from "./walk.ts"

export interface RewrapCounts {
  rewrapped: number
  /** Changed by someone else meanwhile: an update of a configuration brings a new key, wrapped as it should be. */
  overtaken: number
  /** Not under the key, or not of the place, that they should be. Left as they are. */
  unopened: Pick<WrappedKey, "platformId" | "connectionId">[]
}

/**
 * Wraps every key of a stage anew under the current KMS key, while it serves. What a record is otherwise, its version, its
 * MAC and what its key opens stay as they are, so that nobody notices. Doing it twice does no harm.
 * @returns where to go on, where the signal has ended it
 * @throws LatchkeyError `UNAVAILABLE`
 */
export async function rewrap(
  deps: { records: Records; rewrapper: Rewrapper },
  counts: RewrapCounts,
  { dryRun = false, ...options }: WalkOptions & { dryRun?: boolean } = {},
): Promise<string | undefined> {
  const { records, rewrapper } = deps
  return walk(
    records,
    async (key) => {
      const { platformId, connectionId, wrapped } = key
      const context =
        connectionId === undefined ? platformContext(platformId) : configContext({ platformId, connectionId })
      const anew = await rewrapper.rewrap(wrapped, context)
      if (anew === undefined)
        counts.unopened.push({ platformId, ...(connectionId !== undefined && { connectionId }) })
      else if (dryRun || (await records.replace(key, anew))) counts.rewrapped++
      else counts.overtaken++
    },
    options,
  )
}
