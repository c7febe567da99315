import { canonical } from "../crypto/canonical.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { bindingOf, type CacheEpoch } from "./cache-epoch.ts"

/** What a Redis entry is for. Values and negative answers share `document`, so that one overwrites the other. */
export type EntryName =
  | "document"
  | "connection"
  | "status"
  | "browse"
  | "session"
  | "breaker"
  | "waiting"
  | "rate"

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

/** The name of a lease, of the whole epoch: a fetch that starts after a clear never waits for one from before it. */
export function leaseName(
  keys: PlatformKeys,
  purpose: "fetch" | "login",
  epoch: CacheEpoch,
  document: string,
): string {
  return keys.nameOf(canonical(["lease", purpose, ...bindingOf(epoch, document)]))
}
