import { canonical } from "../crypto/canonical.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import type { Binding } from "../crypto/seal.ts"
import type { ConnectionRecord, PlatformRecord } from "./connection.ts"

/**
 * Under what a cached thing was made. A clear changes a generation, an update the `configId` or a generation: what was
 * made under another tuple does not open, is not found in memory, and nobody joins its fetch.
 */
export interface Tuple {
  readonly platformId: string
  readonly connectionId: string
  readonly configId: string
  readonly generation: string
  readonly platformGeneration: string
}

export function tupleOf(
  record: Pick<ConnectionRecord, "platformId" | "id" | "configId" | "generation">,
  platform: Pick<PlatformRecord, "generation">,
): Tuple {
  return {
    platformId: record.platformId,
    connectionId: record.id,
    configId: record.configId,
    generation: record.generation,
    platformGeneration: platform.generation,
  }
}

/** The tuple and a document of it (`""`: the connection itself), as additional authenticated data. */
export function bindingOf(tuple: Tuple, document: string): Binding {
  const { platformId, connectionId, configId, generation, platformGeneration } = tuple
  return [platformId, connectionId, configId, generation, platformGeneration, document]
}

const prefixes = new WeakMap<Tuple, string>()

/** The same as a key for what stays in memory. The tuple's own text, a JSON array, ends where the document begins. */
export function memoryKey(tuple: Tuple, document: string): string {
  let prefix = prefixes.get(tuple)
  if (prefix === undefined) {
    const { platformId, connectionId, configId, generation, platformGeneration } = tuple
    prefix = canonical([platformId, connectionId, configId, generation, platformGeneration])
    prefixes.set(tuple, prefix)
  }
  return prefix + document
}

/** What a Redis entry is for. Values and negative answers share `document`, so that one overwrites the other. */
export type EntryName = "document" | "connection" | "status" | "browse" | "session" | "breaker" | "waiting"

/**
 * The name of a Redis entry, of what never changes: so it can be asked for before the record is read that decides
 * whether the answer opens.
 */
export function entryName(
  keys: PlatformKeys,
  kind: EntryName,
  platformId: string,
  connectionId = "",
  document = "",
): string {
  return keys.nameOf(canonical([kind, platformId, connectionId, document]))
}

/** The name of a lease, of the whole tuple: a fetch that starts after a clear never waits for one from before it. */
export function leaseName(
  keys: PlatformKeys,
  purpose: "fetch" | "login",
  tuple: Tuple,
  document: string,
): string {
  return keys.nameOf(canonical(["lease", purpose, ...bindingOf(tuple, document)]))
}
