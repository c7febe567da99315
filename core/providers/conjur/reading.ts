import { ProviderError } from "../../errors.ts"
import { limits } from "../../limits.ts"
import type { HttpResponse } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { tooLarge } from "../select.ts"
import { failure, notConjur, unexpected } from "./answers.ts"
import type { Conjur } from "./api.ts"
import { batchable, batchesOf, batchPath, halvesOf } from "./batches.ts"
import { contentOf } from "./path.ts"
import { isValue, valuesIn } from "./values.ts"

const concurrency = 8
const operation = "read secret"
const batchOperation = "read secrets"

/** Some forty values of the largest size. Values are mostly far smaller, so batches are not: `readMany` cuts one that is too much. */
const maxBatchBytes = 4 * 1024 * 1024

/** Answers that are about one of the variables, or about the batch itself: each variable asked for alone has its own. */
const askSingly: ReadonlySet<number> = new Set([400, 403, 404, 406, 414, 422])

/**
 * Reads documents with one token: those that can be in batches, all else one by one. A batch gives all or nothing, so where
 * it gives nothing its documents are read one by one too.
 * @returns one result for each document. `BAD_CREDENTIALS`: Conjur no longer accepts the token; then nothing more is read.
 */
export async function readDocuments({
  conjur,
  account,
  documents,
  token,
  signal,
}: {
  conjur: Conjur
  account: string
  /** Distinct: Conjur answers a batch with a repetition by 404. */
  documents: readonly string[]
  token: Secret
  signal: AbortSignal
}): Promise<Map<string, FetchResult>> {
  const { results, settle } = gatherResults(signal)

  async function readOne(document: string): Promise<void> {
    const path = `/secrets/${encodeURIComponent(account)}/variable/${document}`
    const answer = await conjur.get(path, { operation, token, signal }).catch(toTooLarge)
    if (answer.status !== 200) throw refusal(answer)
    if (!isValue(answer)) throw notConjur(answer, operation)
    const [, version] = document.split("?version=")
    results.set(document, bounded(answer.body, version))
  }

  /** Gives the batches that are left to ask for: this one's halves where it is too much for one answer. */
  async function readMany(batch: readonly string[]): Promise<string[][]> {
    const answer = await askForBatch(batch)
    if (answer === "oversized") return halvesOf(batch)
    if (answer === "unreadable" || askSingly.has(answer.status)) return []
    if (answer.status !== 200) throw unexpected(answer, batchOperation)
    const values = valuesIn(answer, account, batch)
    if (values === undefined) throw notConjur(answer, batchOperation)
    if (values === "ambiguous") return []
    for (const [document, value] of values) results.set(document, bounded(value))
    return []
  }

  async function askForBatch(batch: readonly string[]): Promise<HttpResponse | "oversized" | "unreadable"> {
    try {
      return await conjur.get(batchPath(account, batch), {
        operation: batchOperation,
        acceptEncoding: "base64",
        maxBytes: maxBatchBytes,
        token,
        signal,
      })
    } catch (error) {
      if (!(error instanceof ProviderError) || error.upstream?.status !== 200) throw error
      // What a proxy has compressed, since it was asked for an encoding that it does not know: single ones ask for none.
      return error.oversized ? "oversized" : "unreadable"
    }
  }

  let batches = batchesOf({ documents: documents.filter(batchable), account, urlLength: conjur.urlLength })
  while (batches.length > 0) {
    const left: string[][] = []
    await forEachParallel(batches, concurrency, (batch) =>
      settle(batch, async () => void left.push(...(await readMany(batch)))),
    )
    batches = left
  }
  const single = documents.filter((document) => !results.has(document))
  await forEachParallel(single, concurrency, (document) => settle([document], () => readOne(document)))
  return results
}

function bounded(bytes: Buffer, version?: string): FetchResult {
  if (bytes.length > limits.secret) return { ok: false, error: tooLarge("value") }
  return { ok: true, content: contentOf(bytes), ...(version === undefined ? {} : { version }) }
}

/** A value beyond what is read of any answer is, all the more, one beyond what a value may be. */
function toTooLarge(error: unknown): never {
  if (error instanceof ProviderError && error.oversized && error.upstream?.status === 200)
    throw tooLarge("value")
  throw error
}

function refusal(answer: HttpResponse): ProviderError {
  switch (answer.status) {
    case 403:
      return failure(
        "PERMISSION_DENIED",
        "Conjur shows this variable to the login but does not let it read the value. Permit `execute` on it.",
        answer,
        operation,
      )
    case 404:
      return failure(
        "NOT_FOUND",
        "Conjur has no such variable, no value or not that version of it, or hides it from the login. Check the id, and that the login is permitted `read` and `execute`.",
        answer,
        operation,
      )
    default:
      return unexpected(answer, operation)
  }
}
