import { type Json, own } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import { objectIn, unexpected } from "./answers.ts"
import { encodePath } from "./path.ts"
import type { Vault } from "./transport.ts"

/** A secrets engine's kind, as far as it matters here: the two versions of KV, and all that is not read. */
export type Engine = "kv1" | "kv2" | "other"

/** Mounts by their encoded path, which ends in a slash. No mount lies within another. */
export type Mounts = ReadonlyMap<string, Engine>

const operation = "look up the mount"
const notePrefix = "mount "
const noteLifeMs = 60 * 60_000

/**
 * The mount that a path lies in. `sys/internal/ui/mounts/{path}` answers for any path below a mount, to any token that
 * may do anything there; a mount where it may do nothing and one that does not exist are both `forbidden`.
 */
export async function lookUpMount(
  vault: Vault,
  path: string,
  token: Secret,
  signal: AbortSignal,
): Promise<{ path: string; engine: Engine } | "forbidden"> {
  const answer = await vault.read(`sys/internal/ui/mounts/${path}`, { operation, token, signal })
  if (answer.status === 403) return "forbidden"
  const data = answer.status === 200 ? objectIn(answer.body, "data") : undefined
  const mount = data && own(data, "path")
  if (!data || typeof mount !== "string") throw unexpected(answer, operation)
  return { path: encodePath(mount.endsWith("/") ? mount : `${mount}/`), engine: engineOf(data) }
}

/** The mount of a document or path, if it is among those known. */
export function mountOf(path: string, mounts: Mounts): { path: string; engine: Engine } | undefined {
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
    const engine = mounts.get(path.slice(0, end + 1))
    if (engine) return { path: path.slice(0, end + 1), engine }
  }
  return undefined
}

/**
 * The KV mounts that a session's notes remember, as `kv2 <when asked>`. Other mounts are asked for each time, so that a
 * mistake can be mended. A session may live for weeks, in which a mount can be upgraded or replaced: hence the hour.
 */
export function notedMounts(notes: Readonly<Record<string, string>>, now: number): Map<string, Engine> {
  const mounts = new Map<string, Engine>()
  for (const [note, text] of Object.entries(notes)) {
    const [engine, askedAt] = text.split(" ")
    if (!note.startsWith(notePrefix) || now - Number(askedAt) >= noteLifeMs) continue
    if (engine === "kv1" || engine === "kv2") mounts.set(note.slice(notePrefix.length), engine)
  }
  return mounts
}

export function notesOf(mounts: Mounts, now: number): Record<string, string> {
  const kv = [...mounts].filter(([, engine]) => engine !== "other")
  return Object.fromEntries(kv.map(([path, engine]) => [notePrefix + path, `${engine} ${now}`]))
}

/** The kind of a mount, from what Vault says of it. */
export function engineOf(data: { [key: string]: Json }): Engine {
  if (own(data, "type") !== "kv") return "other"
  const version = own(objectIn(data, "options") ?? {}, "version") ?? "1"
  return version === "1" ? "kv1" : version === "2" ? "kv2" : "other"
}
