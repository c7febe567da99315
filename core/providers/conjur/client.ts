import { ProviderError } from "../../errors.ts"
import type { BrowsePage, FetchResult, ProviderClient, ProviderDeps, Session } from "../provider.ts"
import { conjurOver } from "./api.ts"
import { loginOf } from "./auth.ts"
import { browseVariables } from "./browse.ts"
import { checkConjur } from "./check.ts"
import type { ConjurConfig } from "./config.ts"
import { readDocuments } from "./reading.ts"

/** A client of one connection. Conjur tells a token it no longer accepts from all else: 401 is answered by one login. */
export function openConjur(config: ConjurConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock, limits } = deps
  const { url, organizationAccountName: account, caCertificate } = config
  const http = deps.http(caCertificate === undefined ? {} : { caCertificate })
  const conjur = conjurOver({ http, url })
  const login = loginOf(config, { conjur, clock })

  async function fetch(documents: readonly string[], signal: AbortSignal): Promise<Map<string, FetchResult>> {
    signal.throwIfAborted()
    const distinct = [...new Set(documents)]
    if (distinct.length === 0) return new Map()

    const read = (documents: readonly string[], { token }: Session) =>
      readDocuments({ conjur, account, documents, token, secretBytes: limits.secretBytes, signal })
    const session = await sessions.current(login, signal)
    const results = await read(distinct, session)
    const rejections = distinct.filter((document) => isRejection(results.get(document)))
    if (rejections.length === 0) return results

    try {
      const again = await read(rejections, await sessions.replace(session, login, signal))
      for (const [document, result] of again) results.set(document, result)
    } catch (error) {
      signal.throwIfAborted()
      // Nothing could be asked for, else only these documents could not.
      if (rejections.length === distinct.length || !(error instanceof ProviderError)) throw error
      for (const document of rejections) results.set(document, { ok: false, error })
    }
    return results
  }

  async function browse(
    prefix: string,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<BrowsePage> {
    const session = await sessions.current(login, signal)
    const list = ({ token }: Session) => browseVariables({ conjur, account, token, prefix, cursor, signal })
    try {
      return await list(session)
    } catch (error) {
      if (!(error instanceof ProviderError) || error.reason !== "BAD_CREDENTIALS") throw error
      return list(await sessions.replace(session, login, signal))
    }
  }

  return {
    fetch,
    browse,
    check: (signal) =>
      checkConjur({ config, connect: (onPhase) => conjurOver({ http, url, onPhase }), clock, signal }),
  }
}

const isRejection = (result: FetchResult | undefined) =>
  result?.ok === false && result.error.reason === "BAD_CREDENTIALS"
