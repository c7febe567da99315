import type { PlatformKeys } from "../crypto/keyring.ts"
import { type Binding, openJson, sealJson } from "../crypto/seal.ts"
import { ProviderError, type Reason, type Upstream } from "../errors.ts"
import type { RedisCommand } from "../redis/redis.ts"

/**
 * What a lease tells those who did not get it: that someone is at it, that it failed, or that there will be nothing to
 * share, so that everyone may do it for themselves.
 */
export type LeaseState = { kind: "held" } | { kind: "failed"; error: ProviderError } | { kind: "open" }

interface SealedLease {
  f: number
  k: LeaseState["kind"]
  r?: Reason
  m?: string
  u?: Upstream
}

/** Instances' clocks may differ a little, and Redis counts from when a command arrives. */
const toleranceMs = 1_000

/** The command that writes a lease's state: under `NX` it claims it, under `XX` it prolongs it. */
export function leaseCommand(
  { keys, name, binding }: { keys: PlatformKeys; name: string; binding: Binding },
  state: LeaseState,
  { ttlMs, now, when }: { ttlMs: number; now: number; when?: "NX" | "XX" },
): RedisCommand {
  const body: SealedLease = { f: now + ttlMs + toleranceMs, k: state.kind }
  if (state.kind === "failed") {
    const { reason, message, upstream } = state.error
    Object.assign(body, { r: reason, m: message, ...(upstream && { u: upstream }) })
  }
  const sealed = sealJson(keys, "lease", binding, body, now)
  return when ? ["SET", name, sealed, ttlMs, when] : ["SET", name, sealed, ttlMs]
}

/**
 * The state of a lease, sealed as everything in Redis is. Undefined for what does not open or is past its time: it was not
 * written by us, or is kept alive by someone else, so there is nothing to wait for.
 */
export function readLease(
  keys: PlatformKeys,
  binding: Binding,
  sealed: Buffer | undefined,
  now: number,
): LeaseState | undefined {
  const body = sealed && openJson<SealedLease>(keys, "lease", binding, sealed)?.body
  if (!body || body.f <= now) return undefined
  if (body.k !== "failed") return { kind: body.k }
  const { r: reason = "PROVIDER_ERROR", m: message = "", u: upstream } = body
  return { kind: "failed", error: new ProviderError(reason, message, upstream ? { upstream } : {}) }
}
