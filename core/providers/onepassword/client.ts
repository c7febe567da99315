import type { FetchResult, Login, ProviderClient, ProviderDeps } from "../provider.ts"
import { browseOnePassword } from "./browse.ts"
import { checkOnePassword } from "./check.ts"
import type { OnePasswordConfig } from "./config.ts"
import { connectOver } from "./connect.ts"
import { readDocuments } from "./reading.ts"
import { serviceAccountOver } from "./service-account.ts"
import type { Reach } from "./store.ts"

/** How long ids are remembered by titles. */
const sessionMs = 60 * 60_000
/** All are written whenever one is added. */
const maxRemembered = 200

/**
 * A client of one connection. Neither token is logged in with, so a session is the token itself; what makes it worth
 * sharing are its notes: the ids of items by title, sealed as sessions are.
 */
export function openOnePassword(config: OnePasswordConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock } = deps
  const reach = reachOf(config, deps)
  const login: Login = async () => ({
    token: "url" in config ? config.token : config.serviceAccountToken,
    expiresAt: clock.now() + sessionMs,
    notes: {},
  })

  async function fetch(documents: readonly string[], signal: AbortSignal): Promise<Map<string, FetchResult>> {
    signal.throwIfAborted()
    if (documents.length === 0) return new Map()
    const session = await sessions.current(login, signal)
    const { results, learnt } = await readDocuments({
      store: reach(signal),
      documents,
      remembered: session.notes,
      signal,
    })
    const room = maxRemembered - Object.keys(session.notes).length
    const notes = Object.fromEntries(Object.entries(learnt).slice(0, Math.max(0, room)))
    if (Object.keys(notes).length > 0) await sessions.note(session, notes)
    return results
  }

  return {
    fetch,
    check: (signal) => checkOnePassword({ config, reach, clock, signal }),
    browse: (prefix, cursor, signal) => browseOnePassword(reach(signal), prefix, cursor),
  }
}

function reachOf(config: OnePasswordConfig, deps: ProviderDeps): Reach {
  if (!("url" in config)) return (signal) => serviceAccountOver(config.serviceAccountToken, signal)
  const { url, token, caCertificate } = config
  const http = deps.http(caCertificate === undefined ? {} : { caCertificate })
  return (signal, onPhase) => connectOver({ http, url, token }, signal, onPhase)
}
