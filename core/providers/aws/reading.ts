import { ProviderError } from "../../errors.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { namedError } from "./answers.ts"
import { versionOf } from "./path.ts"
import { batchSize, type FoundSecret, type SecretsManager } from "./secrets-manager.ts"

/**
 * `BatchGetSecretValue` has a quota of 100 calls a second in an account, `GetSecretValue` one of 10,000: for a few secrets
 * the latter is the better use of both.
 */
export const batchFrom = 4
const concurrency = 8

export interface Reading {
  /** One for each document. `BAD_CREDENTIALS`: AWS no longer accepts the session. */
  results: Map<string, FetchResult>
  /** AWS does not let these credentials read several secrets in one call. */
  batchDenied: boolean
}

/**
 * Reads secrets: twenty in a call where they are many enough and `batching` is not known to be denied, one by one what
 * that leaves. Where the credentials are refused nothing more is read.
 */
export async function readSecrets({
  secrets,
  documents,
  batching,
  signal,
}: {
  secrets: SecretsManager
  documents: readonly string[]
  batching: boolean
  signal: AbortSignal
}): Promise<Reading> {
  const results = new Map<string, FetchResult>()
  let batchDenied = false
  let rejected: ProviderError | undefined

  /** Does `work` for documents that share its failure, unless `forgive` finds another way for them. */
  async function settle(
    sharing: readonly string[],
    work: () => Promise<void>,
    forgive: (error: ProviderError) => boolean = () => false,
  ): Promise<void> {
    try {
      signal.throwIfAborted()
      if (rejected) throw rejected
      await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ProviderError)) throw error
      if (error.reason === "BAD_CREDENTIALS") rejected = error
      if (forgive(error)) return
      for (const document of sharing) if (!results.has(document)) results.set(document, { ok: false, error })
    }
  }

  function readMany(batch: readonly string[]): Promise<void> {
    const work = async () => {
      let next: string | undefined
      do {
        const page = await secrets.getMany(batch, next, signal)
        for (const secret of page.found) {
          for (const id of batch) if (isCalled(secret, id)) results.set(id, resultOf(secret))
        }
        for (const { id, code } of page.failed) {
          const error = namedError(code, "read several secrets")
          // What may pass is tried again by itself.
          if (batch.includes(id) && !mayPass(error)) results.set(id, { ok: false, error })
        }
        next = page.next
      } while (next !== undefined)
    }
    return settle(batch, work, (error) => {
      if (error.reason === "PERMISSION_DENIED") batchDenied = true
      return ["PERMISSION_DENIED", "THROTTLED", "INVALID_PATH", "NOT_FOUND", "DELETED"].includes(error.reason)
    })
  }

  function readOne(document: string): Promise<void> {
    return settle([document], async () => {
      results.set(document, resultOf(await secrets.get(versionOf(document), signal)))
    })
  }

  // Only current versions come in batches.
  const current = documents.filter((document) => !document.includes("?"))
  if (batching && current.length >= batchFrom) {
    await forEachParallel(batchesOf(current), concurrency, readMany)
  }
  const left = documents.filter((document) => !results.has(document))
  await forEachParallel(left, concurrency, readOne)
  return { results, batchDenied }
}

/** As even as they can be: no last one of a single secret. */
function batchesOf(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / batchSize)
  const size = Math.ceil(ids.length / count)
  return Array.from({ length: count }, (_, index) => ids.slice(index * size, (index + 1) * size))
}

/** Whether a reference names this secret so: by its name, its ARN, or its ARN without the last six characters. */
function isCalled({ name, arn }: FoundSecret, id: string): boolean {
  return id === name || id === arn || id === arn.replace(/-[A-Za-z0-9]{6}$/, "")
}

const mayPass = ({ reason }: ProviderError) => reason === "THROTTLED" || reason === "PROVIDER_ERROR"

function resultOf({ content, version }: FoundSecret): FetchResult {
  return { ok: true, content, ...(version === undefined ? {} : { version }) }
}
