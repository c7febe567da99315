import { ProviderError } from "../../errors.ts"
import type { BrowsePage, Session } from "../provider.ts"
import { onceRenewing, type Renewal } from "../renewing.ts"

/** A service's names that begin with a prefix, page by page. */
interface Names {
  list(
    prefix: string,
    next: string | undefined,
    signal: AbortSignal,
  ): Promise<{ names: string[]; next?: string }>
}

/** A folder may have more names than one page of AWS's, all of which are one entry here. */
const pagesAtOnce = 5
const enough = 100
/** How much of the folders shown goes into a cursor, which has little room: in characters, of the latest. */
const maxRemembered = 3_000

/** Where the next page begins: AWS's own word for it, and the folders that need not be shown again. */
interface Position {
  next?: string
  folders: readonly string[]
}

/**
 * One level of a service's names.
 * @throws ProviderError `INVALID_PATH` for a prefix that no name has; `PERMISSION_DENIED` with the permission that is missing
 */
export async function browseAws({
  prefix,
  allowed: { characters, maxLength },
  cursor,
  permission,
  renewal,
  namesFor,
  signal,
}: {
  prefix: string
  /** What names may have besides letters and digits, any `-` last. */
  allowed: { characters: string; maxLength: number }
  cursor: string | undefined
  permission: string
  renewal: Renewal
  namesFor(session: Session): Names
  signal: AbortSignal
}): Promise<BrowsePage> {
  if (!new RegExp(`^[A-Za-z0-9${characters}]{0,${maxLength}}$`).test(prefix)) {
    throw new ProviderError(
      "INVALID_PATH",
      `Begin with another prefix: it has only letters, digits and \`${characters}\`.`,
    )
  }
  try {
    return await onceRenewing(renewal, (session) => browseNames(namesFor(session), prefix, cursor, signal))
  } catch (error) {
    if (!(error instanceof ProviderError) || error.reason !== "PERMISSION_DENIED") throw error
    throw new ProviderError(
      "PERMISSION_DENIED",
      `Browsing needs \`${permission}\` on all resources, which AWS denies. Allow it to the connection's identity; resolving does not need it.`,
      error.upstream ? { upstream: error.upstream } : {},
    )
  }
}

/**
 * One level of a hierarchy that AWS does not have: names are cut at the next `/`. Those of Secrets Manager come in order,
 * those of Parameter Store in none; a folder whose names lie far apart may then show twice.
 * @throws ProviderError what `list` throws; `INVALID_PATH` for a cursor that is not one of ours
 */
async function browseNames(
  names: Names,
  prefix: string,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<BrowsePage> {
  const position: Position = cursor === undefined ? { folders: [] } : parseCursor(cursor)
  const shown = new Set(position.folders)
  const entries = new Map<string, BrowsePage["data"][number]>()
  let { next } = position
  for (let page = 0; page < pagesAtOnce; page++) {
    const listed = await names.list(prefix, next, signal)
    for (const name of listed.names) {
      const entry = entryOf(name, prefix)
      if (entry && !shown.has(entry.path)) entries.set(entry.path, entry)
    }
    next = listed.next
    if (next === undefined || entries.size >= enough) break
  }
  const data = [...entries.values()]
  if (next === undefined) return { data }
  const folders = data.filter(({ kind }) => kind === "folder").map(({ path }) => path)
  return { data, next: printCursor({ next, folders: [...position.folders, ...folders] }) }
}

function entryOf(name: string, prefix: string): BrowsePage["data"][number] | undefined {
  if (!name.startsWith(prefix)) return undefined
  const start = prefix.lastIndexOf("/") + 1
  // The slash that a name begins with has no folder before it.
  const end = name.indexOf("/", Math.max(prefix.length, 1))
  return end === -1
    ? { path: name, name: name.slice(start), kind: "secret" }
    : { path: name.slice(0, end + 1), name: name.slice(start, end), kind: "folder" }
}

function printCursor({ next, folders }: Position): string {
  let room = maxRemembered
  const latest = folders.toReversed().filter((folder) => {
    room -= folder.length + 3
    return room >= 0
  })
  return JSON.stringify({ next, folders: latest.toReversed() })
}

function parseCursor(cursor: string): Position {
  try {
    const { next, folders } = JSON.parse(cursor) as { next?: unknown; folders?: unknown }
    return {
      ...(typeof next === "string" ? { next } : {}),
      folders: Array.isArray(folders) ? folders.map(String) : [],
    }
  } catch {
    throw new ProviderError("INVALID_PATH", "The cursor is none of this listing's. Begin again without it.")
  }
}
