import { canonical } from "../crypto/canonical.ts"
import type { Binding } from "../crypto/seal.ts"
import { createLru } from "../lru.ts"
import type { ConnectionRecord, PlatformRecord } from "./connection.ts"

/**
 * The span of a connection's life in which what was cached of it holds. A clear ends it by a new generation, an update by a
 * new `configId` or generation: what was made in another epoch does not open, is not found in memory, and nobody joins
 * its fetch. All parts are random, so none comes back.
 */
export interface CacheEpoch {
  readonly platformId: string
  readonly connectionId: string
  readonly configId: string
  readonly generation: string
  readonly platformGeneration: string
}

export function epochOf(
  record: Pick<ConnectionRecord, "platformId" | "id" | "configId" | "generation">,
  platform: Pick<PlatformRecord, "generation">,
): CacheEpoch {
  return {
    platformId: record.platformId,
    connectionId: record.id,
    configId: record.configId,
    generation: record.generation,
    platformGeneration: platform.generation,
  }
}

/** The epoch and a document (`""`: the connection itself), as additional authenticated data. */
export function bindingOf(epoch: CacheEpoch, document: string): Binding {
  const { platformId, connectionId, configId, generation, platformGeneration } = epoch
  return [platformId, connectionId, configId, generation, platformGeneration, document]
}

const prefixes = new WeakMap<CacheEpoch, string>()
const numbers = createLru<number>(10_000)
let last = 0

/**
 * The same as a key for what stays in memory: short, since it is hashed for every reference. Epochs are numbered as they
 * come up, and a number is never given twice, so an epoch that was forgotten has nothing in memory any more.
 */
export function memoryKey(epoch: CacheEpoch, document: string): string {
  let prefix = prefixes.get(epoch)
  if (prefix === undefined) {
    const { platformId, connectionId, configId, generation, platformGeneration } = epoch
    const text = canonical([platformId, connectionId, configId, generation, platformGeneration])
    const number = numbers.get(text) ?? ++last
    numbers.set(text, number)
    prefix = `${number}/`
    prefixes.set(epoch, prefix)
  }
  return prefix + document
}
