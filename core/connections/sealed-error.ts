import type { PlatformKeys } from "../crypto/keyring.ts"
import { type Binding, openJson, type SealKind, sealJson } from "../crypto/seal.ts"
import { ProviderError, type Reason, type Upstream } from "../errors.ts"

/** Why a secret manager gave nothing, and until when that is worth knowing: in milliseconds since the epoch. */
export interface KnownError {
  error: ProviderError
  freshUntil: number
}

/** An error of a secret manager as it is sealed, by itself or as part of something. */
export interface ErrorBody {
  r: Reason
  m: string
  u?: Upstream
}

export function toErrorBody({ reason, message, upstream }: ProviderError): ErrorBody {
  return { r: reason, m: message, ...(upstream && { u: upstream }) }
}

export function fromErrorBody({ r: reason, m: message, u: upstream }: ErrorBody): ProviderError {
  return new ProviderError(reason, message, upstream ? { upstream } : {})
}

/** Seals an error for other instances, as base64. */
export function sealError(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  { error, freshUntil }: KnownError,
  now: number,
): string {
  return sealJson(keys, kind, binding, { f: freshUntil, ...toErrorBody(error) }, now)
}

/** The error, or undefined where the bytes do not open for this purpose. It may be past its time. */
export function openError(
  keys: PlatformKeys,
  kind: SealKind,
  binding: Binding,
  sealed: Buffer,
): KnownError | undefined {
  const body = openJson<ErrorBody & { f: number }>(keys, kind, binding, sealed)?.body
  return body && { error: fromErrorBody(body), freshUntil: body.f }
}
