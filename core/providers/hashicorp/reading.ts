import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import { failure } from "../answer.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult, Session } from "../provider.ts"
import { toTooLarge } from "../select.ts"
import { isVaults, listIn, objectIn, unexpected } from "./answers.ts"
import { type Engine, lookUpMount, type Mounts, mountOf, notedMounts } from "./mounts.ts"
import type { Vault, VaultAnswer } from "./transport.ts"

const concurrency = 8
const operation = "read secret"

export interface Reading {
  /** One for each document. `BAD_CREDENTIALS`: Vault no longer accepts the token. */
  results: Map<string, FetchResult>
  /** The mounts that Vault was asked for. */
  learnt: Mounts
}

/**
 * Reads documents with one session: first the mounts that its notes do not know, one request each, then every document.
 * Vault answers 403 to a forbidden path and to a token it no longer accepts; at the first such answer `refusal` says
 * which of both it is, and where it is the token nothing more is read.
 */
export async function readDocuments({
  vault,
  documents,
  session,
  now,
  refusal,
  signal,
}: {
  vault: Vault
  documents: readonly string[]
  session: Session
  now: number
  /** What a 403 means for this session: `PERMISSION_DENIED` or `BAD_CREDENTIALS`. Asked at most once. */
  refusal: () => Promise<ProviderError>
  signal: AbortSignal
}): Promise<Reading> {
  const { token } = session
  const { results, settle } = gatherResults(signal)
  const learnt = new Map<string, Engine>()
  const mounts = notedMounts(session.notes, now)
  let refusing: Promise<ProviderError> | undefined

  function refused(): Promise<ProviderError> {
    refusing ??= refusal()
    return refusing
  }

  /**
   * Documents below one first segment are probably in one mount, so one of them asks for all. Those that turn out to be
   * elsewhere are grouped by two segments, and so on: every mount is asked for once, different ones at the same time.
   */
  async function findMounts(): Promise<void> {
    for (let depth = 1; ; depth++) {
      const unknown = documents.filter((document) => !results.has(document) && !mountOf(document, mounts))
      if (unknown.length === 0) return
      const groups = Map.groupBy(unknown, (document) => document.split("/", depth).join("/"))
      await forEachParallel(groups.values(), concurrency, (group) => settle(group, () => findMount(group)))
    }
  }

  async function findMount(group: readonly string[]): Promise<void> {
    const [first = ""] = group
    const [path = ""] = first.split("?")
    const mount = await lookUpMount(vault, path, token, signal)
    if (mount === "forbidden") {
      const error = await refused()
      // The others may lie in a mount that is not forbidden.
      await settle([first], () => Promise.reject(error))
    } else if (path.startsWith(mount.path)) {
      mounts.set(mount.path, mount.engine)
      learnt.set(mount.path, mount.engine)
    } else {
      // Auth methods answer without their `auth/`: then it is not where we asked.
      results.set(first, { ok: false, error: notKv() })
    }
  }

  async function read(document: string): Promise<void> {
    const mount = mountOf(document, mounts)
    if (!mount) return
    checkEngine(document, mount)
    const answer = await vault.read(document, { operation, token, signal }).catch(toTooLarge)
    if (answer.status === 403) throw await refused()
    results.set(document, { ok: true, ...contentOf(answer, mount.engine) })
  }

  await findMounts()
  const readable = documents.filter((document) => !results.has(document))
  await forEachParallel(readable, concurrency, (document) => settle([document], () => read(document)))
  return { results, learnt }
}

/** @throws ProviderError `WRONG_ENGINE` where the document cannot be one of the mount's secrets */
function checkEngine(document: string, mount: { path: string; engine: Engine }): void {
  const versioned = document.includes("?version=")
  const inData = /^data\/[^?]/.test(document.slice(mount.path.length))
  if (mount.engine === "other") throw notKv()
  if (mount.engine === "kv2" && !inData) throw otherVersion("2", "mount/data/path/key")
  if (mount.engine === "kv1" && versioned) {
    throw new ProviderError(
      "WRONG_ENGINE",
      "The mount is KV version 1, which keeps no versions. Leave `version` out.",
    )
  }
}

/** @throws ProviderError for an answer that is no secret */
export function contentOf(answer: VaultAnswer, engine: Engine): { content: Json; version?: string } {
  const data = objectIn(answer.body, "data")
  if (answer.status === 404) throw missing(answer, data)
  if (answer.status !== 200 || !data) throw unexpected(answer, operation)
  const lease = isObject(answer.body) ? own(answer.body, "lease_id") : undefined
  if (lease !== undefined && lease !== "" && lease !== null) throw notKv()
  if (engine === "kv1") return { content: data }

  const content = objectIn(data, "data")
  if (!content) throw otherVersion("1", "mount/path/key")
  const version = own(objectIn(data, "metadata") ?? {}, "version")
  return { content, ...(typeof version === "number" ? { version: String(version) } : {}) }
}

/** What a 404 means: no such secret, one that was deleted, or a path of the other KV version. */
export function missing(answer: VaultAnswer, data: { [key: string]: Json } | undefined): ProviderError {
  if (!isVaults(answer)) return unexpected(answer, operation)
  const metadata = data && objectIn(data, "metadata")
  if (metadata && (own(metadata, "destroyed") === true || own(metadata, "deletion_time"))) {
    const message = "This version of the secret has been deleted. Undelete it, or write a new one."
    return failure("DELETED", message, answer, operation)
  }
  if (listIn(answer, "warnings")?.length) return otherVersion("2", "mount/data/path/key")
  const message = "Vault has no such secret, or not that version of it. Check the path and the namespace."
  return failure("NOT_FOUND", message, answer, operation)
}

export const notKv = () =>
  new ProviderError(
    "WRONG_ENGINE",
    "The path does not lie in a KV secrets engine. Only KV versions 1 and 2 are read.",
  )

export const otherVersion = (version: "1" | "2", form: string) =>
  new ProviderError("WRONG_ENGINE", `The mount is KV version ${version}. Write the path as \`${form}\`.`)
