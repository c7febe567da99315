import type { Json } from "../../../core/json.ts"
import { type Answer, VaultError } from "./protocol.ts"
import type { VaultState } from "./state.ts"
import { integer, text } from "./values.ts"

/** The version of Vault whose API this server follows. */
export const version = "1.21.0"

/** `sys/health`: the status codes tell more than the body, and a caller may choose them. https://developer.hashicorp.com/vault/api-docs/system/health */
export function health(state: VaultState, sealed: boolean, query: URLSearchParams, now: number): Answer {
  const chosen = integer(
    sealed ? "sealedcode" : "activecode",
    query.get(sealed ? "sealedcode" : "activecode"),
  )
  return {
    status: chosen || (sealed ? 503 : 200),
    body: {
      initialized: true,
      sealed,
      standby: sealed,
      performance_standby: false,
      replication_performance_mode: sealed ? "unknown" : "disabled",
      replication_dr_mode: sealed ? "unknown" : "disabled",
      server_time_utc: Math.floor(now / 1000),
      version,
      enterprise: true,
      ...(sealed ? {} : { cluster_name: "vault-cluster-sandbox", cluster_id: state.clusterId }),
      echo_duration_ms: 0,
      clock_skew_ms: 0,
    },
  }
}

/** https://developer.hashicorp.com/vault/api-docs/system/seal-status */
export function sealStatus(state: VaultState, sealed: boolean): Answer {
  return {
    status: 200,
    body: {
      type: "shamir",
      initialized: true,
      sealed,
      t: 1,
      n: 1,
      progress: 0,
      nonce: "",
      version,
      build_date: "2025-10-21T00:00:00Z",
      migration: false,
      ...(sealed ? {} : { cluster_name: "vault-cluster-sandbox", cluster_id: state.clusterId }),
      recovery_seal: false,
      storage_type: "inmem",
    },
  }
}

/** https://developer.hashicorp.com/vault/api-docs/system/unseal: one key, in base64 or hex, is enough. */
export function unseal(state: VaultState, body: { [key: string]: Json }): Answer {
  const key = text(body.key)
  if (body.reset === true) return sealStatus(state, state.sealed)
  if (key === "")
    throw new VaultError(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
  const candidates = [Buffer.from(key, "hex"), Buffer.from(key, "base64")]
  const expected = Buffer.from(state.unsealKey, "base64")
  if (!candidates.some((candidate) => candidate.length === expected.length))
    throw new VaultError(400, "'key' must be a valid hex or base64 string")
  if (!candidates.some((candidate) => candidate.equals(expected)))
    throw new VaultError(400, "failed to unseal: invalid key")
  state.sealed = false
  return sealStatus(state, false)
}
