import { ProviderError } from "../errors.ts"
import type { FetchResult } from "./provider.ts"

export interface GatheredResults {
  results: Map<string, FetchResult>
  /**
   * Does `work` for documents that share its failure: those that have no result by then get the error as theirs. After
   * a `BAD_CREDENTIALS` nothing more is done, since the secret manager would refuse that too: its error is theirs as well.
   * @throws what is no failure of the secret manager's: a bug, or the signal's reason
   */
  settle(sharing: readonly string[], work: () => Promise<void>): Promise<void>
}

/** Gathers one result for each document while they are read, with one session, in whatever batches. */
export function gatherResults(signal: AbortSignal): GatheredResults {
  const results = new Map<string, FetchResult>()
  let rejected: ProviderError | undefined
  return {
    results,
    async settle(sharing, work) {
      try {
        signal.throwIfAborted()
        if (rejected) throw rejected
        await work()
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ProviderError)) throw error
        if (error.reason === "BAD_CREDENTIALS") rejected = error
        for (const document of sharing)
          if (!results.has(document)) results.set(document, { ok: false, error })
      }
    },
  }
}
