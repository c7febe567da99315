import type { Json } from "../../json.ts"
import { limits } from "../../limits.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { tooLarge } from "../select.ts"
import { archived, codesContent, findPart, itemContent, type Place } from "./item.ts"
import { findItem, findVault } from "./lookup.ts"
import { type Document, parseDocument } from "./path.ts"
import type { Item, OnePassword } from "./store.ts"

const concurrency = 8

export interface Reading {
  /** One for each document. */
  results: Map<string, FetchResult>
  /** Ids of items by the vault's id and the title, to be given as `remembered` another time. */
  learnt: Record<string, string>
}

/**
 * Reads documents. Those of one item cost one read of it, and one more for each file.
 *
 * Titles become ids by lists that 1Password filters. A vault is asked for by name once per reading; an item's id is
 * remembered, and used as long as the item that it leads to still has that title: so what was remembered can cost a
 * request, but never gives another item's value, and needs no clearing.
 */
export async function readDocuments({
  store,
  documents,
  remembered,
  signal,
}: {
  store: OnePassword
  documents: readonly string[]
  remembered: Readonly<Record<string, string>>
  signal: AbortSignal
}): Promise<Reading> {
  const { results, settle } = gatherResults(signal)
  const learnt: Record<string, string> = {}
  const vaults = new Map<string, Promise<string>>()

  async function readItem(sharing: readonly string[], { vault, item: name }: Document): Promise<void> {
    const vaultId = await vaultIdOf(vault)
    const note = `item ${vaultId} ${name}`
    const item = await findItem(store, vaultId, name, remembered[note])
    if (item.archived) throw archived()
    if (item.title === name && item.id !== name && item.id !== remembered[note]) learnt[note] = item.id
    for (const document of sharing) {
      await settle([document], async () => {
        const content = await contentOf(vaultId, item, parseDocument(document))
        results.set(document, { ok: true, content, ...(item.version ? { version: item.version } : {}) })
      })
    }
  }

  function vaultIdOf(name: string): Promise<string> {
    const looking = vaults.get(name) ?? findVault(store, name).then(({ id }) => id)
    vaults.set(name, looking)
    return looking
  }

  async function contentOf(vaultId: string, item: Item, { content }: Document): Promise<Json> {
    if (content === "item") return itemContent(item)
    if (content === "codes") return codesContent(item)
    return bytesOf(vaultId, item, content)
  }

  async function bytesOf(vaultId: string, item: Item, place: Place): Promise<Json> {
    const part = findPart(item, place)
    if (part.kind === "field") return { text: part.value ?? "" }
    // A larger one is not even read.
    if ((part.size ?? 0) > limits.secret) throw tooLarge("file")
    return { base64: Buffer.from(await store.file(vaultId, item.id, part)).toString("base64") }
  }

  const items = Map.groupBy(new Set(documents), (document) => {
    const { vault, item } = parseDocument(document)
    return JSON.stringify([vault, item])
  })
  await forEachParallel(items.values(), concurrency, (sharing) =>
    settle(sharing, () => readItem(sharing, parseDocument(sharing[0] ?? ""))),
  )
  return { results, learnt }
}
