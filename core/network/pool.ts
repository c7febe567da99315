import * as http from "node:http"
import * as https from "node:https"
import type { Socket } from "node:net"
import type { SecureContext } from "node:tls"
import type { Clock } from "../clock.ts"
import { connect, type Resolve } from "./connect.ts"
import type { Phase } from "./http.ts"
import type { Destination, Guard } from "./policy.ts"
import { trust } from "./trust.ts"

/** What an attempt brings along for the case that a connection must be made. */
export interface Attempt {
  destination: Destination
  platformId: string
  signal: AbortSignal
  onPhase: (phase: Phase) => void
}

/** Carries the attempt through Node's agent, which hands a request's options on to `createConnection`. */
export interface PooledRequestOptions extends http.RequestOptions {
  attempt: Attempt
}

/** The sockets and the TLS session of one connection of a tenant with one origin under one trust: never shared. */
export interface Pool {
  agent: http.Agent
  /** Closes idle sockets that were not used for so long; Lambda's freezes stop the timers that would. */
  dropIdle(longerThanMs: number): void
  /** Closes idle sockets, and those in use as soon as they become idle. */
  retire(): void
  /** Closes all sockets. */
  destroy(): void
}

export interface Pools {
  /** The pool for `tenant`, which stands for platform, connection and CA bundle, and an origin. */
  get(tenant: string, destination: Destination, caCertificate: string | undefined): Pool
  close(): void
}

export interface PoolDeps {
  guard: Guard
  resolve: Resolve
  clock: Clock
  connectTimeoutMs: number
  /** After which idle sockets are closed. */
  idleMs: number
  /** Pools kept; the least recently used is retired. */
  maxPools: number
}

const maxSockets = 32
const maxFreeSockets = 8

export function createPools(deps: PoolDeps): Pools {
  // A map remembers the order of insertion: the first is the least recently used.
  const pools = new Map<string, Pool>()

  return {
    get(tenant, destination, caCertificate) {
      const key = `${destination.url.origin} ${tenant}`
      const known = pools.get(key)
      if (known) pools.delete(key)
      const pool = known ?? createPool(destination.secure, caCertificate, deps)
      pools.set(key, pool)
      const [oldest] = pools
      if (pools.size > deps.maxPools && oldest) {
        pools.delete(oldest[0])
        oldest[1].retire()
      }
      return pool
    },
    close() {
      for (const pool of pools.values()) pool.destroy()
      pools.clear()
    },
  }
}

function createPool(secure: boolean, caCertificate: string | undefined, deps: PoolDeps): Pool {
  const { clock } = deps
  const agent = new (secure ? https.Agent : http.Agent)({
    keepAlive: true,
    maxSockets,
    maxFreeSockets,
    timeout: deps.idleMs,
  })
  const idleSince = new WeakMap<object, number>()
  let secureContext: SecureContext | undefined
  let session: Buffer | undefined

  agent.createConnection = (options, callback) => {
    // Node passes the request's own options on, this one among them.
    const { attempt } = options as unknown as PooledRequestOptions
    const offered = session
    connect({
      ...attempt,
      ...deps,
      timeoutMs: deps.connectTimeoutMs,
      secureContext: () => {
        secureContext ??= trust(caCertificate)
        return secureContext
      },
      session: offered,
      onSession: (latest) => {
        session = latest
      },
    }).then(
      (socket) => callback?.(null, socket),
      (error: Error) => {
        // A session that the server no longer likes must not fail every connection after it.
        if (session === offered) session = undefined
        callback?.(error, undefined as unknown as Socket)
      },
    )
    return undefined
  }

  const keep = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (socket) => {
    idleSince.set(socket, clock.now())
    return keep(socket)
  }

  function dropIdle(longerThanMs: number): void {
    const now = clock.now()
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? [])
        if (now - (idleSince.get(socket) ?? 0) > longerThanMs) socket.destroy()
  }

  return {
    agent,
    dropIdle,
    retire() {
      agent.maxFreeSockets = 0
      dropIdle(-1)
    },
    destroy: () => agent.destroy(),
  }
}
