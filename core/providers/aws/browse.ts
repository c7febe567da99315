import { ProviderError } from "../../errors.ts"
import type { BrowsePage } from "../provider.ts"

/** Names in order, that begin with a prefix, page by page. */
export type ListNames = (
  prefix: string,
  next: string | undefined,
) => Promise<{ names: string[]; next?: string }>

/** A folder may have more secrets than one page of AWS's, all of which are one entry here. */
const pagesAtOnce = 5

/**
 * One level of a hierarchy that AWS does not have: names are cut at the next `/`.
 * @throws ProviderError what `list` throws; `INVALID_PATH` for a cursor that is not one of ours
 */
export async function browseNames(
  list: ListNames,
  prefix: string,
  cursor: string | undefined,
): Promise<BrowsePage> {
  const position = cursor === undefined ? {} : parseCursor(cursor)
  const { folder: lastSeen } = position
  const entries = new Map<string, BrowsePage["data"][number]>()
  let { next } = position
  for (let page = 0; page < pagesAtOnce; page++) {
    const listed = await list(prefix, next)
    for (const name of listed.names) {
      const entry = entryOf(name, prefix)
      if (entry && entry.path !== lastSeen) entries.set(entry.path, entry)
    }
    next = listed.next
    if (next === undefined || entries.size >= 100) break
  }
  const data = [...entries.values()]
  if (next === undefined) return { data }
  const last = data.at(-1)
  // Names come in order, so only the last folder can go on in the next page.
  const folder = last === undefined ? lastSeen : last.kind === "folder" ? last.path : undefined
  return { data, next: JSON.stringify(folder === undefined ? { next } : { next, folder }) }
}

function entryOf(name: string, prefix: string): BrowsePage["data"][number] | undefined {
  if (!name.startsWith(prefix)) return undefined
  const start = prefix.lastIndexOf("/") + 1
  const end = name.indexOf("/", prefix.length)
  // A name may begin with a slash, or have two in a row: the folder is then called by nothing.
  return end === -1
    ? { path: name, name: name.slice(start), kind: "secret" }
    : { path: name.slice(0, end + 1), name: name.slice(start, end), kind: "folder" }
}

function parseCursor(cursor: string): { next?: string; folder?: string } {
  try {
    const { next, folder } = JSON.parse(cursor) as { next?: unknown; folder?: unknown }
    return {
      ...(typeof next === "string" ? { next } : {}),
      ...(typeof folder === "string" ? { folder } : {}),
    }
  } catch {
    throw new ProviderError("INVALID_PATH", "The cursor is none of this listing's. Begin again without it.")
  }
}
