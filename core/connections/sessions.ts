import type { Clock } from "../clock.ts"
import { canonical } from "../crypto/canonical.ts"
import { type Binding, openJson, sealJson } from "../crypto/seal.ts"
import { ProviderError, transientReasons } from "../errors.ts"
import { createLru } from "../lru.ts"
import type { Metrics } from "../metrics.ts"
import type { Login, Session, Sessions } from "../providers/provider.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { bytesOf } from "../redis/replies.ts"
import { Secret } from "../secret.ts"
import { untilAborted } from "../settle.ts"
import { entryName } from "./entry-names.ts"
import { leasesOf } from "./leases.ts"
import type { ConnectionUse } from "./use.ts"

/** The logins of all connections, in memory and sealed in Redis. A clear logs nobody out; a new configuration does. */
export interface SessionBook {
  /** The sessions of one connection. `shared: false` keeps them to this instance. */
  of(use: ConnectionUse, options: { shared: boolean }): Sessions
  /** The Redis name of a connection's session, for those who ask Redis anyway, and where to put what it answered. */
  nameOf(use: ConnectionUse): string
  offer(use: ConnectionUse, sealed: Buffer | undefined): void
}

interface SealedSession {
  t: string
  e: number
  n: Readonly<Record<string, string>>
}

/** What a login's lease is on: the connection itself. */
const itself = ""
/** How long the failure of a login stands in its lease's place. */
const outageMs = 5_000
const refusedMs = 10_000
const loginsPerMinute = 6
/** Vault's own longest, unless it is told otherwise. */
const longestMs = 32 * 24 * 60 * 60_000
/** Of token and notes. A larger session is not shared, and what would make it larger is not noted. */
const maxSessionLength = 64 * 1024
const minute = 60_000

export function createSessionBook(deps: {
  redis: OptionalRedis
  clock: Clock
  metrics: Metrics
}): SessionBook {
  const { redis, clock, metrics } = deps
  // Tokens are as long as a secret manager makes them.
  const live = createLru<Session>(5_000, { maxBytes: 16 * 1024 * 1024, bytesOf: sizeOf })
  const loggingIn = new Map<string, Promise<Session>>()
  const logins = createLru<number[]>(5_000)

  return {
    nameOf: sessionName,

    offer(use, sealed) {
      const session = sealed && open(use, sealed)
      const id = idOf(use)
      if (session && isLive(session) && !isLive(live.get(id))) live.set(id, session)
    },

    of(use, { shared }) {
      const id = idOf(use)
      return {
        async current(login, signal) {
          const session = live.get(id)
          return session && isLive(session) ? session : obtain(undefined, login, signal)
        },

        async replace(rejected, login, signal) {
          const session = live.get(id)
          if (session && isLive(session) && !sameToken(session, rejected)) return session
          live.delete(id)
          return obtain(rejected, login, signal)
        },

        async note(session, notes) {
          const current = live.get(id) ?? session
          const noted = { ...session, notes: { ...current.notes, ...session.notes, ...notes } }
          if (!sameToken(current, session)) return noted
          if (sizeOf(noted) > maxSessionLength) return noted
          live.set(id, noted)
          if (shared) await redis.ask(store(use, noted))
          return noted
        },
      }

      /** Another session than `rejected`, by at most one login at a time in this instance. */
      async function obtain(
        rejected: Session | undefined,
        login: Login,
        signal: AbortSignal,
      ): Promise<Session> {
        for (let underWay = loggingIn.get(id); underWay; underWay = loggingIn.get(id)) {
          const session = await untilAborted(outcomeOf(underWay), signal)
          if (session && !(rejected && sameToken(session, rejected))) return session
        }
        const obtaining = shared ? share(rejected, login, signal) : logIn(login, signal)
        loggingIn.set(id, obtaining)
        try {
          const session = await obtaining
          live.set(id, session)
          return session
        } finally {
          loggingIn.delete(id)
        }
      }

      /** One login across instances: whoever gets the lease logs in, the others wait for what it stores. */
      async function share(
        rejected: Session | undefined,
        login: Login,
        signal: AbortSignal,
      ): Promise<Session> {
        const leases = leasesOf(use, "login", { clock })
        /** Should the session be rejected as well, nobody must wait to log in. */
        const end = leases.end(itself, 1)
        for (;;) {
          signal.throwIfAborted()
          const replies = await redis.ask([...leases.claim([itself]), ["MGET", sessionName(use)]])
          if (replies === undefined) return logIn(login, signal)
          const claim = leases.claimed([itself], replies).get(itself)
          const [stored] = bytesOf(replies.at(-1))
          const session = stored && open(use, stored)
          if (session && isLive(session) && !(rejected && sameToken(session, rejected))) {
            if (claim === "owned") await redis.ask([end])
            return session
          }
          if (claim === "owned") break
          if (typeof claim === "object") throw claim.failed
          await clock.sleep(50 + Math.random() * 100, signal)
        }
        if (areUsedUp()) {
          await redis.ask([end])
          throw usedUp()
        }
        try {
          const session = await logIn(login, signal)
          await redis.ask([...store(use, session), end])
          return session
        } catch (error) {
          if (error instanceof ProviderError) {
            const ttlMs = transientReasons.has(error.reason) ? outageMs : refusedMs
            await redis.ask([leases.publish(itself, error, ttlMs)])
          }
          throw error
        }
      }

      async function logIn(login: Login, signal: AbortSignal): Promise<Session> {
        if (areUsedUp()) throw usedUp()
        logins.set(id, [...lately(), clock.now()])
        metrics.count("ProviderLogin", 1, { provider: use.record.providerId })
        return inBounds(await login(signal))
      }

      function areUsedUp(): boolean {
        return lately().length >= loginsPerMinute
      }

      function lately(): number[] {
        return (logins.get(id) ?? []).filter((time) => time > clock.now() - minute)
      }
    },
  }

  function isLive(session: Session | undefined): boolean {
    return session !== undefined && session.expiresAt > clock.now()
  }

  /** When a session ends is the secret manager's word: it becomes a time that Redis takes, whatever that was. */
  function inBounds(session: Session): Session {
    return { ...session, expiresAt: Math.floor(Math.min(session.expiresAt, clock.now() + longestMs)) }
  }

  function store(use: ConnectionUse, session: Session): RedisCommand[] {
    if (sizeOf(session) > maxSessionLength) return []
    const { token, expiresAt, notes } = session
    const body: SealedSession = { t: token.reveal(), e: expiresAt, n: notes }
    const sealed = sealJson(use.keys, "session", bindingOfSession(use), body, clock.now())
    return [["SET", sessionName(use), sealed, Math.max(1, expiresAt - clock.now())]]
  }
}

function usedUp(): ProviderError {
  return new ProviderError(
    "THROTTLED",
    "Latchkey has logged in to this secret manager six times within a minute and waits before trying again. Check why its sessions are rejected.",
    { retryAfterMs: minute },
  )
}

/** The session, or undefined where whoever began the login has left: that is no answer to those who still wait. */
async function outcomeOf(login: Promise<Session>): Promise<Session | undefined> {
  try {
    return await login
  } catch (error) {
    if (error instanceof ProviderError) throw error
    return undefined
  }
}

function open(use: ConnectionUse, sealed: Buffer): Session | undefined {
  const opened = openJson<SealedSession>(use.keys, "session", bindingOfSession(use), sealed)
  return opened && { token: new Secret(opened.body.t), expiresAt: opened.body.e, notes: opened.body.n }
}

const sizeOf = ({ token, notes }: Session) => token.reveal().length + JSON.stringify(notes).length

const sameToken = (a: Session, b: Session) => a.token.reveal() === b.token.reveal()

const bindingOfSession = ({ epoch }: ConnectionUse): Binding => [
  epoch.platformId,
  epoch.connectionId,
  epoch.configId,
]

const idOf = (use: ConnectionUse) => canonical(bindingOfSession(use))

const sessionName = ({ keys, epoch }: ConnectionUse) =>
  entryName(keys, "session", epoch.platformId, epoch.connectionId)
