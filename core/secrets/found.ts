import type { ProviderError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { Secret } from "../secret.ts"
import type { Entry } from "./entry.ts"

export type Source = "provider" | "cache" | "memory" | "stale"

/** A document's content and where it came from, or why there is none. */
export type Found =
  | { ok: true; content: Secret<Json>; version?: string; source: Source }
  | { ok: false; error: ProviderError; source: Source }

export function foundOf(entry: Entry, source: Source): Found {
  if (entry.kind === "negative") return { ok: false, error: entry.error, source }
  const { content, version } = entry
  return { ok: true, content, ...(version !== undefined && { version }), source }
}
