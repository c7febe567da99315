import { ProviderError } from "../errors.ts"
import { bytesInMemory } from "../json.ts"
import { limits } from "../limits.ts"
import type { FetchResult } from "./provider.ts"

export interface GatheredResults {
  results: Map<string, FetchResult>
  /**
   * Does `work` for documents that share its failure: those that have no result by then get the error as theirs. After
   * a `BAD_CREDENTIALS` nothing more is done, since the secret manager would refuse that too: its error is theirs as well.
   * Nor is it once the documents hold more than one fetch may.
   * @throws what is no failure of the secret manager's: a bug, or the signal's reason
   */
  settle(sharing: readonly string[], work: () => Promise<void>): Promise<void>
}

/** Gathers one result for each document while they are read, with one session, in whatever batches. */
export function gatherResults(signal: AbortSignal): GatheredResults {
  const results = new Map<string, FetchResult>()
  const sizes = new Map<string, number>()
  let room = limits.fetched
  let rejected: ProviderError | undefined
  return {
    results,
    async settle(sharing, work) {
      try {
        signal.throwIfAborted()
        if (rejected) throw rejected
        await work()
        weigh(sharing)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ProviderError)) throw error
        if (error.reason === "BAD_CREDENTIALS") rejected = error
        for (const document of sharing)
          if (!results.has(document)) results.set(document, { ok: false, error })
      }
    },
  }

  function weigh(documents: readonly string[]): void {
    for (const document of documents) {
      const result = results.get(document)
      if (!result?.ok || sizes.has(document)) continue
      const size = bytesInMemory(result.content)
      sizes.set(document, size)
      room -= size
    }
    if (room < 0) rejected ??= tooMuch()
  }
}

const tooMuch = () =>
  new ProviderError(
    "UNSUPPORTED_VALUE",
    `The documents that this request reads hold more than ${limits.fetched / 1_048_576} MiB together. Resolve it in parts.`,
    { oversized: true },
  )
