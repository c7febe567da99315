import { ProviderError } from "../../errors.ts"
import { isObject, own } from "../../json.ts"
import { limits } from "../../limits.ts"
import type { HttpResponse } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { tooLarge } from "../select.ts"
import { failure, unexpected } from "./answers.ts"
import type { Conjur } from "./api.ts"
import { contentOf } from "./path.ts"

const concurrency = 8
const operation = "read secret"
const batchOperation = "read secrets"

/** Servers and proxies commonly take 8 KiB for the first line of a request. */
const maxUrlBytes = 8_000
/** As many as fit into an answer with 64 KiB each, as base64 in lines of 60 inside JSON. */
const maxBatch = 40
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
    const answer = await conjur.get(path, { operation, token, signal })
    if (answer.status !== 200) throw refusal(answer)
    const [, version] = document.split("?version=")
    results.set(document, bounded(answer.body, version))
  }

  async function readMany(batch: readonly string[]): Promise<void> {
    const answer = await askForBatch(batch)
    if (answer === undefined || askSingly.has(answer.status)) return
    const values = answer.status === 200 ? jsonOf(answer.body) : undefined
    if (!isObject(values)) throw unexpected(answer, batchOperation)
    const encoded = answer.headers["content-encoding"]?.trim().toLowerCase() === "base64"
    for (const document of batch) {
      const value = own(values, fullId(account, document))
      // What is missing in the answer gets its own.
      if (typeof value !== "string") continue
      results.set(document, bounded(Buffer.from(value, encoded ? "base64" : "utf8")))
    }
  }

  /** Undefined where the answer was too large, or else not to be read: single ones may be. */
  async function askForBatch(batch: readonly string[]): Promise<HttpResponse | undefined> {
    try {
      return await conjur.get(batchPath(account, batch), {
        operation: batchOperation,
        acceptEncoding: "base64",
        maxBytes: maxBatchBytes,
        token,
        signal,
      })
    } catch (error) {
      if (error instanceof ProviderError && error.upstream?.status === 200) return undefined
      throw error
    }
  }

  const batches = batchesOf(documents, account, conjur.urlLength)
  await forEachParallel(batches, concurrency, (batch) => settle(batch, () => readMany(batch)))
  const single = documents.filter((document) => !results.has(document))
  await forEachParallel(single, concurrency, (document) => settle([document], () => readOne(document)))
  return results
}

/**
 * The documents that can be read together. In a batch there are no versions, and an id with a comma would be taken for two.
 */
function batchesOf(
  documents: readonly string[],
  account: string,
  urlLength: (path: string) => number,
): string[][] {
  const batches: string[][] = []
  let batch: string[] = []
  for (const document of documents) {
    if (document.includes("?version=") || fullId(account, document).includes(",")) continue
    if (batch.length === maxBatch || urlLength(batchPath(account, [...batch, document])) > maxUrlBytes) {
      batches.push(batch)
      batch = []
    }
    batch.push(document)
  }
  // One alone is better asked for alone: what is wrong with it is then told at once.
  return [...batches, batch].filter(({ length }) => length > 1)
}

function batchPath(account: string, batch: readonly string[]): string {
  const ids = batch.map((document) => `${encodeURIComponent(`${account}:variable:`)}${document}`)
  return `/secrets?variable_ids=${ids.join(",")}`
}

function fullId(account: string, document: string): string {
  return `${account}:variable:${decodeURIComponent(document)}`
}

function bounded(bytes: Buffer, version?: string): FetchResult {
  if (bytes.length > limits.secret) return { ok: false, error: tooLarge("value") }
  return { ok: true, content: contentOf(bytes), ...(version === undefined ? {} : { version }) }
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
