import { ProviderError, type Reason } from "../../errors.ts"
import { gatherResults } from "../gather-results.ts"
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

/** What a batch may be answered though each of its secrets, asked for alone, has an answer of its own. */
const askSingly: ReadonlySet<Reason> = new Set([
  "PERMISSION_DENIED",
  "THROTTLED",
  "INVALID_PATH",
  "NOT_FOUND",
  "DELETED",
])

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
  const { results, settle } = gatherResults(signal)
  let batchDenied = false

  async function readMany(batch: readonly string[]): Promise<void> {
    try {
      let next: string | undefined
      do {
        const page = await secrets.getMany(batch, next, signal)
        for (const secret of page.found) {
          for (const id of batch) if (isCalled(secret, id)) results.set(id, resultOf(secret))
        }
        for (const { id, code } of page.failed) {
          const error = namedError(code, { operation: "read several secrets", thing: "secret" })
          // What may pass is tried again by itself.
          if (batch.includes(id) && !mayPass(error)) results.set(id, { ok: false, error })
        }
        next = page.next
      } while (next !== undefined)
    } catch (error) {
      if (!(error instanceof ProviderError && askSingly.has(error.reason))) throw error
      if (error.reason === "PERMISSION_DENIED") batchDenied = true
    }
  }

  async function readOne(document: string): Promise<void> {
    results.set(document, resultOf(await secrets.get(versionOf(document), signal)))
  }

  // Only current versions come in batches.
  const current = documents.filter((document) => !document.includes("?"))
  if (batching && current.length >= batchFrom) {
    await forEachParallel(batchesOf(current), concurrency, (batch) => settle(batch, () => readMany(batch)))
  }
  const left = documents.filter((document) => !results.has(document))
  await forEachParallel(left, concurrency, (document) => settle([document], () => readOne(document)))
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
