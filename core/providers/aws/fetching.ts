import { ProviderError } from "../../errors.ts"
import type { FetchResult, Session, Sessions } from "../provider.ts"
import type { Identity } from "./identity.ts"

type Read = (
  documents: readonly string[],
  session: Session,
  signal: AbortSignal,
) => Promise<Map<string, FetchResult>>

/**
 * Reads documents with the connection's session, and once more with another what AWS no longer accepts this one for.
 * An access key has a session only where notes are kept with it.
 */
export async function fetchRenewing({
  documents,
  identity,
  sessions,
  needsNotes,
  read,
  signal,
}: {
  documents: readonly string[]
  identity: Identity
  sessions: Sessions
  /** Whether fetching so many documents makes use of a session's notes. */
  needsNotes: (count: number) => boolean
  read: Read
  signal: AbortSignal
}): Promise<Map<string, FetchResult>> {
  signal.throwIfAborted()
  const distinct = [...new Set(documents)]
  if (distinct.length === 0) return new Map()

  const shared = identity.renews || needsNotes(distinct.length)
  const session = await (shared ? sessions.current(identity.login, signal) : identity.login(signal))
  const results = await read(distinct, session, signal)
  const rejections = distinct.filter((document) => isRejection(results.get(document)))
  if (rejections.length === 0 || !identity.renews) return results

  try {
    const renewed = await sessions.replace(session, identity.login, signal)
    for (const [document, result] of await read(rejections, renewed, signal)) results.set(document, result)
  } catch (error) {
    signal.throwIfAborted()
    // Nothing could be asked for, else only these documents could not.
    if (rejections.length === distinct.length || !(error instanceof ProviderError)) throw error
    for (const document of rejections) results.set(document, { ok: false, error })
  }
  return results
}

/** Does one thing with the connection's session, and once more with another where AWS no longer accepts this one. */
export async function onceRenewing<Value>(
  { identity, sessions, signal }: { identity: Identity; sessions: Sessions; signal: AbortSignal },
  work: (session: Session) => Promise<Value>,
): Promise<Value> {
  if (!identity.renews) return work(await identity.login(signal))
  const session = await sessions.current(identity.login, signal)
  try {
    return await work(session)
  } catch (error) {
    if (!(error instanceof ProviderError) || error.reason !== "BAD_CREDENTIALS") throw error
    return work(await sessions.replace(session, identity.login, signal))
  }
}

const isRejection = (result: FetchResult | undefined) =>
  result?.ok === false && result.error.reason === "BAD_CREDENTIALS"
