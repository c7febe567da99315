/** Servers and proxies commonly take 8 KiB for the first line of a request: nginx, which stands before Conjur, does. */
const maxUrlBytes = 8_000

/** Whether a document can be read with others: in a batch there are no versions, and an id with a comma would be taken for two. */
export const batchable = (document: string): boolean =>
  !document.includes("?version=") && !document.includes("%2C")

/**
 * As few batches as there can be, in order, each within the length of a URL. One alone is in none: it is better asked for
 * alone, since what is wrong with it is then told at once.
 */
export function batchesOf({
  documents,
  account,
  urlLength,
}: {
  documents: readonly string[]
  account: string
  /** How long the URL of a path is, in bytes. */
  urlLength: (path: string) => number
}): string[][] {
  const base = urlLength(batchPath(account, []))
  const batches: string[][] = []
  let batch: string[] = []
  let length = base
  for (const document of documents) {
    const added = parameterOf(account, document).length + ",".length
    if (length + added > maxUrlBytes) {
      batches.push(batch)
      batch = []
      length = base
    }
    batch.push(document)
    length += added
  }
  return [...batches, batch].filter(isBatch)
}

/** A batch in two, without a half that would be one alone. */
export function halvesOf(batch: readonly string[]): string[][] {
  const middle = Math.ceil(batch.length / 2)
  return [batch.slice(0, middle), batch.slice(middle)].filter(isBatch)
}

/** https://docs.conjur.org, "Batch retrieval". Slashes and colons stand for themselves in a query (RFC 3986, section 3.4). */
export function batchPath(account: string, batch: readonly string[]): string {
  return `/secrets?variable_ids=${batch.map((document) => parameterOf(account, document)).join(",")}`
}

/** What Conjur calls a document's variable in an answer. */
export const fullId = (account: string, document: string): string =>
  `${account}:variable:${decodeURIComponent(document)}`

const parameterOf = (account: string, document: string) =>
  `${encodeURIComponent(account)}:variable:${document.replaceAll("%2F", "/")}`

const isBatch = ({ length }: readonly string[]) => length > 1
