import type { FetchResult, Login, ProviderClient, ProviderDeps } from "../provider.ts"
import { browseOnePassword } from "./browse.ts"
import { checkOnePassword } from "./check.ts"
import type { OnePasswordConfig } from "./config.ts"
import { connectOver } from "./connect.ts"
import { readDocuments } from "./reading.ts"
import { serviceAccountOver, signInOnce } from "./service-account.ts"
import type { Reach } from "./store.ts"

/** How long ids are remembered by titles. */
const sessionMs = 60 * 60_000
/** All are written whenever one is added. */
const maxRemembered = 250

/**
 * A client of one connection. Neither token is logged in with, so a session is the token itself; what makes it worth
 * sharing are its notes: the ids of vaults and items by their names, sealed as sessions are.
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
      clock,
      signal,
    })
    const notes = withinRoom(session.notes, learnt)
    if (Object.keys(notes).length > 0) await sessions.note(session, notes)
    return results
  }

  return {
    fetch,
    check: (signal) => checkOnePassword({ config, reach, clock, signal }),
    browse: (prefix, cursor, signal) => browseOnePassword(reach(signal), prefix, cursor),
  }
}

/** What takes the place of a note, and as much that is new as there is room for. */
function withinRoom(
  notes: Readonly<Record<string, string>>,
  learnt: Readonly<Record<string, string>>,
): Record<string, string> {
  const isNew = ([name]: [string, string]) => !Object.hasOwn(notes, name)
  const entries = Object.entries(learnt)
  const room = Math.max(0, maxRemembered - Object.keys(notes).length)
  return Object.fromEntries([
    ...entries.filter((entry) => !isNew(entry)),
    ...entries.filter(isNew).slice(0, room),
  ])
}

function reachOf(config: OnePasswordConfig, deps: ProviderDeps): Reach {
  if (!("url" in config)) {
    const signIn = signInOnce(deps.clock)
    return (signal) => serviceAccountOver(config.serviceAccountToken, signal, signIn)
  }
  const { url, token, caCertificate } = config
  const http = deps.http(caCertificate === undefined ? {} : { caCertificate })
  return (signal, onPhase) => connectOver({ http, url, token }, signal, onPhase)
}
