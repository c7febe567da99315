import type { PlatformKeys } from "../crypto/keyring.ts"
import { type Binding, openJson, type SealKind, sealJson } from "../crypto/seal.ts"
import { ProviderError, type Reason, type Upstream } from "../errors.ts"

/** Why a secret manager gave nothing, and until when that is worth knowing: in milliseconds since the epoch. */
export interface KnownError {
  error: ProviderError
  freshUntil: number
}

interface Body {
  f: number
  r: Reason
  m: string
  u?: Upstream
}

/** Seals an error for other instances, as base64. */
export function sealError(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  { error, freshUntil }: KnownError,
  now: number,
): string {
  const { reason, message, upstream } = error
  const body: Body = { f: freshUntil, r: reason, m: message, ...(upstream && { u: upstream }) }
  return sealJson(keys, kind, binding, body, now)
}

/** The error, or undefined where the bytes do not open for this purpose. It may be past its time. */
export function openError(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  sealed: Buffer,
): KnownError | undefined {
  const opened = openJson<Body>(keys, kind, binding, sealed)
  if (opened === undefined) return undefined
  const { f: freshUntil, r: reason, m: message, u: upstream } = opened.body
  return { error: new ProviderError(reason, message, upstream ? { upstream } : {}), freshUntil }
}
