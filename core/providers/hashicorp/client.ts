import { ProviderError } from "../../errors.ts"
import type { Login, ProviderClient, ProviderDeps, Session } from "../provider.ts"
import { fetchRenewing, onceRenewing, type Renewal } from "../renewing.ts"
import { authOf, lookUpSelf } from "./auth.ts"
import { browseVault } from "./browse.ts"
import { checkVault } from "./check.ts"
import type { VaultConfig } from "./config.ts"
import { lookUpMount, type Mounts, notedMounts, notesOf } from "./mounts.ts"
import { readDocuments } from "./reading.ts"
import { vaultOver } from "./transport.ts"

/** A login may cost a use of the secret id, so a session that was just renewed is not renewed again. */
const renewalPauseMs = 60_000
const renewedAt = "renewed at"

export function openVault(config: VaultConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock } = deps
  const { url, namespace, caCertificate } = config
  const http = deps.http(caCertificate === undefined ? {} : { caCertificate })
  const connection = { http, url, namespace }
  const vault = vaultOver(connection)
  const auth = authOf(config, { ...deps, vault })

  const renewalOf = (signal: AbortSignal): Renewal => ({
    current: () => sessions.current(auth.login, signal),
    renew: (rejected) => renew(rejected, signal),
  })

  /** What asking with a session takes. One that was just made is not doubted: then it is the path that is forbidden. */
  const asking = (session: Session, renewed: boolean, signal: AbortSignal) => ({
    vault,
    session,
    now: clock.now(),
    refusal: async () => (renewed ? denied() : refusalOf(session, signal)),
    signal,
  })

  async function remember(learnt: Mounts, session: Session): Promise<void> {
    const notes = notesOf(learnt, clock.now())
    if (Object.keys(notes).length > 0) await sessions.note(session, notes)
  }

  /** Why Vault refuses a session's request: the path is forbidden to it, or the token is no longer accepted. */
  async function refusalOf(session: Session, signal: AbortSignal): Promise<ProviderError> {
    const self = await lookUpSelf(vault, session.token, signal)
    if (self !== "forbidden") return denied()
    const pause = pauseOf(session)
    if (auth.renews && pause === 0) return rejected()
    // A token without the `default` policy may not look itself up. That it still may ask for a mount proves it valid.
    const [known] = notedMounts(session.notes, clock.now()).keys()
    if (known === undefined) return auth.renews ? denied() : rejected()
    const proof = await lookUpMount(vault, known.slice(0, -1), session.token, signal)
    if (proof !== "forbidden") return denied()
    return auth.renews ? endedAgain(pause) : rejected()
  }

  /** How long a session that has taken a rejected one's place is not replaced in turn, in milliseconds. */
  function pauseOf({ notes }: Session): number {
    const since = clock.now() - Number(notes[renewedAt] ?? Number.NEGATIVE_INFINITY)
    return Math.max(0, renewalPauseMs - since)
  }

  async function renew(session: Session, signal: AbortSignal): Promise<Session> {
    if (!auth.renews) throw rejected()
    const login: Login = async (loginSignal) => {
      const renewed = await auth.login(loginSignal)
      return { ...renewed, notes: { ...renewed.notes, [renewedAt]: String(clock.now()) } }
    }
    return sessions.replace(session, login, signal)
  }

  return {
    fetch: (documents, signal) =>
      fetchRenewing({
        ...renewalOf(signal),
        documents,
        async read(some, session, renewed) {
          const { results, learnt } = await readDocuments({
            ...asking(session, renewed, signal),
            documents: some,
          })
          await remember(learnt, session)
          return results
        },
        signal,
      }),

    async browse(prefix, cursor, signal) {
      signal.throwIfAborted()
      return onceRenewing(renewalOf(signal), async (session, renewed) => {
        const { page, learnt } = await browseVault({ ...asking(session, renewed, signal), prefix, cursor })
        await remember(learnt, session)
        return page
      })
    },

    check: (signal) =>
      checkVault({
        config,
        connect: (onPhase) => vaultOver({ ...connection, onPhase }),
        deps,
        signal,
      }),
  }
}

/** A path that no policy grants and a mount that does not exist look the same from outside. */
const denied = () =>
  new ProviderError(
    "PERMISSION_DENIED",
    "Vault forbids reading this path, or has no such mount. Check the path, and that a policy grants `read` on it.",
    { upstream: { operation: "read secret", status: 403 } },
  )

const endedAgain = (pauseMs: number) =>
  new ProviderError(
    "THROTTLED",
    `Vault ended Latchkey's token again, soon after a new login. Latchkey logs in once more in ${Math.ceil(pauseMs / 1000)} s, since a login may cost a use of the secret id. Check what revokes its tokens.`,
    { upstream: { operation: "look up the token", status: 403 }, retryAfterMs: pauseMs },
  )

const rejected = () =>
  new ProviderError(
    "BAD_CREDENTIALS",
    "Vault no longer accepts the token. Put a valid one into the connection.",
    {
      upstream: { operation: "look up the token", status: 403 },
    },
  )
