import { ProviderError } from "../errors.ts"
import type { BrowsePage } from "./provider.ts"

const pageSize = 100

/**
 * How many entries came before a page, where a secret manager gives all names at once and so the pages are ours.
 * @param cursor `next` of the page before; absent for the first
 * @throws ProviderError `INVALID_PATH`
 */
export function offsetIn(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (/^[1-9][0-9]{0,8}$/.test(cursor)) return Number(cursor)
  throw new ProviderError("INVALID_PATH", "The cursor is not one of this list. Begin again without it.")
}

/** The page that begins there. */
export function pageFrom(offset: number, entries: BrowsePage["data"]): BrowsePage {
  const end = offset + pageSize
  return { data: entries.slice(offset, end), ...(end < entries.length ? { next: String(end) } : {}) }
}
