import { ProviderError } from "../errors.ts"
import type { FetchResult, Session } from "./provider.ts"

/** Where sessions come from, for the time of a request. */
export interface Renewal {
  current(): Promise<Session>
  /**
   * Another session than one whose use was answered by `BAD_CREDENTIALS`. Absent where there is never another.
   * @throws ProviderError where there is none this time
   */
  renew?(rejected: Session): Promise<Session>
}

/**
 * Reads documents with the current session, and those that it was rejected for once more with another.
 * @throws ProviderError where no document could be asked for; else each has its own result
 */
export async function fetchRenewing({
  documents,
  current,
  renew,
  read,
  signal,
}: Renewal & {
  documents: readonly string[]
  /**
   * Is given documents without repetitions, at least one. `renewed`: the session has taken the place of a rejected one,
   * and is not replaced in turn.
   */
  read(documents: readonly string[], session: Session, renewed: boolean): Promise<Map<string, FetchResult>>
  signal: AbortSignal
}): Promise<Map<string, FetchResult>> {
  signal.throwIfAborted()
  const distinct = [...new Set(documents)]
  if (distinct.length === 0) return new Map()

  const session = await current()
  const results = await read(distinct, session, false)
  const rejections = distinct.filter((document) => {
    const result = results.get(document)
    return result?.ok === false && isRejection(result.error)
  })
  if (rejections.length === 0 || !renew) return results

  try {
    const again = await read(rejections, await renew(session), true)
    for (const [document, result] of again) results.set(document, result)
  } catch (error) {
    signal.throwIfAborted()
    // Nothing could be asked for, else only these documents could not.
    if (rejections.length === distinct.length || !(error instanceof ProviderError)) throw error
    for (const document of rejections) results.set(document, { ok: false, error })
  }
  return results
}

/** Does one thing with the current session, and once more with another where this one is rejected. */
export async function onceRenewing<Value>(
  { current, renew }: Renewal,
  work: (session: Session, renewed: boolean) => Promise<Value>,
): Promise<Value> {
  const session = await current()
  try {
    return await work(session, false)
  } catch (error) {
    if (!renew || !isRejection(error)) throw error
    return work(await renew(session), true)
  }
}

const isRejection = (error: unknown) => error instanceof ProviderError && error.reason === "BAD_CREDENTIALS"
