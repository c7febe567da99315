import type { PlatformKeys } from "../crypto/keyring.ts"
import { type Binding, seal, unseal } from "../crypto/seal.ts"
import { ProviderError, type Reason, type Upstream } from "../errors.ts"
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
  /** Size of the content as JSON, in bytes or somewhat fewer: what bounds go by. */
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

interface NegativeBody {
  f: number
  r: Reason
  m: string
  u?: Upstream
}

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

/** Seals why there is no value: as the answer about a document, or as the failure of a fetch that others wait for. */
export function sealError(
  keys: PlatformKeys,
  kind: "negative" | "failure" | "breaker",
  binding: Binding,
  { error, freshUntil }: NegativeEntry,
  now: number,
): string {
  const { reason, message, upstream } = error
  const body: NegativeBody = { f: freshUntil, r: reason, m: message, ...(upstream && { u: upstream }) }
  return sealJson(keys, kind, binding, body, now)
}

/** The entry of a document, or undefined where the bytes do not open under this binding: a miss. */
export function openEntry(keys: PlatformKeys, binding: Binding, sealed: Buffer): Entry | undefined {
  const value = openJson<ValueBody>(keys, "value", binding, sealed)
  if (value === undefined) return openError(keys, "negative", binding, sealed)
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

export function openError(
  keys: PlatformKeys,
  kind: "negative" | "failure" | "breaker",
  binding: Binding,
  sealed: Buffer,
): NegativeEntry | undefined {
  const opened = openJson<NegativeBody>(keys, kind, binding, sealed)
  if (opened === undefined) return undefined
  const { f: freshUntil, r: reason, m: message, u: upstream } = opened.body
  return {
    kind: "negative",
    error: new ProviderError(reason, message, upstream ? { upstream } : {}),
    freshUntil,
  }
}

type JsonKind = "value" | "negative" | "failure" | "breaker" | "session" | "status"

export function sealJson(
  keys: PlatformKeys,
  kind: JsonKind,
  binding: Binding,
  body: unknown,
  now: number,
): string {
  return seal(keys, kind, binding, Buffer.from(JSON.stringify(body)), now).toString("base64")
}

/** What `sealJson` sealed: authenticated, hence of the shape that was sealed. */
export function openJson<T>(
  keys: PlatformKeys,
  kind: JsonKind,
  binding: Binding,
  sealed: Buffer,
): { body: T; size: number } | undefined {
  const opened = unseal(keys, kind, binding, sealed)
  return opened && { body: JSON.parse(opened.toString()), size: opened.length }
}
