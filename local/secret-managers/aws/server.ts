import { once } from "node:events"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { type Clock, systemClock } from "../../../core/clock.ts"
import { guardHost } from "../../host-guard.ts"
import { createRecorder, type Requests } from "../recorder.ts"
import { type AwsAdmin, createAdmin, furnish } from "./admin.ts"
import { createFaults, type Faults } from "./faults.ts"
import { createListener } from "./listener.ts"
import { newState, readState, writeState } from "./state.ts"

export interface AwsOptions {
  /** Default: any free one. Always on 127.0.0.1. */
  port?: number
  /** Of what the administrator writes. Clients may come by any. Default `us-east-1`. */
  region?: string
  /** Fill a new server with demo secrets. A restored one keeps what it had. Default false. */
  demo?: boolean
  /** PEM; the server then speaks https alone. */
  tls?: { cert: string; key: string }
  /** Refuse any `Host` but this server's and any foreign `Origin`. Default true. */
  hostCheck?: boolean
  /** What `state()` gave before: every secret, user and session is as it was. */
  state?: string
  clock?: Clock
}

export interface AwsServer {
  url: string
  /** A Latchkey connection's configuration that reaches this server. */
  config: { region: string; accessKeyId: string; secretAccessKey: string; endpoint: string }
  admin: AwsAdmin
  faults: Faults
  requests: Requests
  /** Everything as JSON, for the next start. It holds credentials and secrets: keep it in a private file. */
  state(): string
  /** Answers nothing more and cuts what hangs. */
  stop(): Promise<void>
}

/**
 * Starts a small AWS on 127.0.0.1, of Secrets Manager and STS; it is ready when the promise resolves.
 * @throws Error `EADDRINUSE` and the like
 */
export async function startAws(options: AwsOptions = {}): Promise<AwsServer> {
  const { port = 0, region = "us-east-1", demo = false, tls, hostCheck = true, clock = systemClock } = options
  const state = options.state === undefined ? newState() : readState(options.state)
  const faults = createFaults()
  const recorder = createRecorder()
  const admin = createAdmin({ state, clock, region })
  if (options.state === undefined) state.connection = furnish(admin, demo)

  const stopped = new AbortController()
  const listener = createListener({ state, clock, admin, faults, recorder, stopped: stopped.signal })
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  if (hostCheck) guardHost(server)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")

  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    config: { region, ...state.connection, endpoint: url },
    admin,
    faults,
    requests: recorder.requests,
    state: () => {
      for (const [key, { expiresAt }] of state.sessions)
        if (expiresAt <= clock.now()) state.sessions.delete(key)
      return writeState(state)
    },
    stop: async () => {
      stopped.abort()
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
