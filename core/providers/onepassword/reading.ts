import type { Clock } from "../../clock.ts"
import type { Json } from "../../json.ts"
import { limits } from "../../limits.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { tooLarge } from "../select.ts"
import { archived, codesContent, findPart, itemContent, type Place } from "./item.ts"
import { findItem, findVault, isAbsence } from "./lookup.ts"
import { type Document, parseDocument } from "./path.ts"
import { type Item, isId, type OnePassword } from "./store.ts"

const concurrency = 8
/** How long a vault's id stands for its name. */
const vaultMs = 5 * 60_000

export interface Reading {
  /** One for each document. */
  results: Map<string, FetchResult>
  /** Ids of vaults by name, and of items by the vault's id and the title, to be given as `remembered` another time. */
  learnt: Record<string, string>
}

/**
 * Reads documents. Those of one item cost one read of it, and one more for each file.
 *
 * Names become ids by lists that 1Password filters. An item's id is remembered, and used as long as the item that it
 * leads to still has that title: what was remembered can cost a request, but never gives another item's value, and needs
 * no clearing. Of a vault nothing that is read tells the name, so its id is remembered for minutes only, and looked up
 * again, once per reading, where the item is not found there.
 */
export async function readDocuments({
  store,
  documents,
  remembered,
  clock,
  signal,
}: {
  store: OnePassword
  documents: readonly string[]
  remembered: Readonly<Record<string, string>>
  clock: Clock
  signal: AbortSignal
}): Promise<Reading> {
  const { results, settle } = gatherResults(signal)
  const learnt: Record<string, string> = {}
  const vaults = new Map<string, Promise<string>>()

  async function readItem(sharing: readonly string[], { vault, item: name }: Document): Promise<void> {
    const { vaultId, item } = await find(vault, name)
    if (item.archived) throw archived()
    for (const document of sharing) {
      await settle([document], async () => {
        const content = await contentOf(vaultId, item, parseDocument(document))
        results.set(document, { ok: true, content, ...(item.version ? { version: item.version } : {}) })
      })
    }
  }

  async function find(vault: string, name: string): Promise<{ vaultId: string; item: Item }> {
    const knownId = rememberedVault(remembered[noteOfVault(vault)], clock.now())
    if (knownId === undefined) return findIn(await vaultIdOf(vault), name)
    try {
      return await findIn(knownId, name)
    } catch (error) {
      if (!isAbsence(error)) throw error
      const vaultId = await vaultIdOf(vault)
      if (vaultId === knownId) throw error
      return findIn(vaultId, name)
    }
  }

  async function findIn(vaultId: string, name: string): Promise<{ vaultId: string; item: Item }> {
    const note = `item ${vaultId} ${name}`
    const item = await findItem(store, vaultId, name, remembered[note])
    if (item.title === name && item.id !== name && item.id !== remembered[note] && !item.archived)
      learnt[note] = item.id
    return { vaultId, item }
  }

  function vaultIdOf(name: string): Promise<string> {
    const looking = vaults.get(name) ?? lookUpVault(name)
    vaults.set(name, looking)
    return looking
  }

  async function lookUpVault(name: string): Promise<string> {
    const { id } = await findVault(store, name)
    learnt[noteOfVault(name)] = `${id} ${clock.now() + vaultMs}`
    return id
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

const noteOfVault = (name: string) => `vault ${name}`

/** What a note says, until when it may be used. */
function rememberedVault(note: string | undefined, now: number): string | undefined {
  const [id = "", until] = note?.split(" ") ?? []
  return isId(id) && Number(until) > now ? id : undefined
}
