import { openError } from "../connections/sealed-error.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { type Binding, openJson, sealJson } from "../crypto/seal.ts"
import type { ProviderError } from "../errors.ts"
import type { Json } from "../json.ts"
import { Secret } from "../secret.ts"

/** A document's content as it was fetched. Times in milliseconds since the epoch. */
export interface ValueEntry {
  kind: "value"
  content: Secret<Json>
  version?: string
  /** Until when it answers by itself, counted from the start of the fetch. */
  freshUntil: number
  /** Until when it may stand in while the secret manager is failing. */
  staleUntil: number
  /** Size of the content as JSON, in bytes or somewhat more: what bounds go by. */
  size: number
}

/** An answer that there is no value. Past `freshUntil` it says nothing, but keeps an older value from coming back. */
export interface NegativeEntry {
  kind: "negative"
  error: ProviderError
  freshUntil: number
}

export type Entry = ValueEntry | NegativeEntry

/** Larger documents are fetched every time. */
export const maxCachedBytes = 256 * 1024

interface ValueBody {
  f: number
  s: number
  v?: string
  c: Json
}

/** Seals a value for Redis, as base64. */
export function sealValue(keys: PlatformKeys, binding: Binding, entry: ValueEntry, now: number): string {
  const { freshUntil, staleUntil, version, content } = entry
  const body: ValueBody = {
    f: freshUntil,
    s: staleUntil,
    ...(version !== undefined && { v: version }),
    c: content.reveal(),
  }
  return sealJson(keys, "value", binding, body, now)
}

/** The entry of a document, or undefined where the bytes do not open under this binding: a miss. */
export function openEntry(keys: PlatformKeys, binding: Binding, sealed: Buffer): Entry | undefined {
  const value = openJson<ValueBody>(keys, "value", binding, sealed)
  if (value === undefined) {
    const known = openError(keys, "negative", binding, sealed)
    return known && { kind: "negative", ...known }
  }
  const { f: freshUntil, s: staleUntil, v: version, c: content } = value.body
  return {
    kind: "value",
    content: new Secret(content),
    ...(version !== undefined && { version }),
    freshUntil,
    staleUntil,
    size: value.size,
  }
}
