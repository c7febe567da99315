import { offsetIn, pageFrom } from "../listing-page.ts"
import type { BrowsePage } from "../provider.ts"
import { archived, findPart, type Place } from "./item.ts"
import { findItem, findVault } from "./lookup.ts"
import { parseFolder } from "./path.ts"
import type { Item, Named, OnePassword, Part } from "./store.ts"

type Entry = BrowsePage["data"][number]

/**
 * The vaults, a vault's items, or an item's fields and files: names, with ids in the paths where names would not do.
 * @throws ProviderError `INVALID_PATH` for a prefix that is no folder or a cursor that is none; `NOT_FOUND`,
 *   `PERMISSION_DENIED`, `DELETED`
 */
export async function browseOnePassword(
  store: OnePassword,
  prefix: string,
  cursor: string | undefined,
): Promise<BrowsePage> {
  const from = offsetIn(cursor)
  const entries = await entriesOf(store, parseFolder(prefix))
  return pageFrom(from, entries)
}

async function entriesOf(store: OnePassword, [vaultName, itemName]: readonly string[]): Promise<Entry[]> {
  if (vaultName === undefined) return folders("op://", await store.vaults())
  const vault = await findVault(store, vaultName)
  if (itemName === undefined) return folders(`op://${vaultName}/`, await store.items(vault.id))
  const item = await findItem(store, vault.id, itemName)
  if (item.archived) throw archived()
  return item.parts.map((part) => entryOf(`op://${vaultName}/${itemName}/`, item, part))
}

function folders(base: string, things: readonly Named[]): Entry[] {
  const counts = Map.groupBy(things, ({ title }) => title)
  return things.map(({ id, title }) => {
    const segment = isSegment(title) && counts.get(title)?.length === 1 ? title : id
    return { path: `${base}${segment}/`, name: title || id, kind: "folder" }
  })
}

/** By the names that 1Password's app would copy, as long as they lead to this part. */
function entryOf(base: string, item: Item, part: Part): Entry {
  const section = item.sections.find(({ id }) => id === part.section)
  const places: Place[] = [
    ...(section ? [{ section: section.title, field: part.label }] : []),
    { field: part.label },
    ...(section ? [{ section: section.id, field: part.id }] : []),
  ]
  const place = places.find((tried) => leadsTo(item, tried, part)) ?? { field: part.id }
  const path = [place.section, place.field].filter((name) => name !== undefined).join("/")
  const name = [section?.title, part.label || part.id].filter(Boolean).join("/")
  return { path: base + path, name, kind: "secret" }
}

function leadsTo(item: Item, place: Place, part: Part): boolean {
  if (!isSegment(place.field) || (place.section !== undefined && !isSegment(place.section))) return false
  try {
    return findPart(item, place) === part
  } catch {
    return false
  }
}

/** Whether a name can stand in a path. */
const isSegment = (name: string) => name.trim() !== "" && !/[/\p{Cc}]/u.test(name) && name.isWellFormed()
