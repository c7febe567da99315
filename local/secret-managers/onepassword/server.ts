import { once } from "node:events"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { type Clock, systemClock } from "../../../core/clock.ts"
import { guardHost } from "../../host-guard.ts"
import { createRecorder, type Requests } from "../recorder.ts"
import { createAdmin, furnish, type OnePasswordAdmin } from "./admin.ts"
import { createFaults, type Faults, type OperationName, operationNames } from "./faults.ts"
import { createListener } from "./listener.ts"
import { newState, readState, writeState } from "./state.ts"

export interface OnePasswordOptions {
  /** Default: any free one. Always on 127.0.0.1. */
  port?: number
  /** Fill a new server with demo items. A restored one keeps what it had. Default false. */
  demo?: boolean
  /** PEM; the server then speaks https alone. */
  tls?: { cert: string; key: string }
  /** Refuse any `Host` but this server's and any foreign `Origin`. Default true; off only for tests by another name. */
  hostCheck?: boolean
  /** What `state()` gave before: every vault, item and token is as it was. */
  state?: string
  clock?: Clock
}

export interface OnePasswordServer {
  url: string
  /** A Latchkey connection's configuration that reaches this server. */
  config: { url: string; token: string }
  admin: OnePasswordAdmin
  faults: Faults
  requests: Requests<OperationName>
  /** Everything as JSON, for the next start. It holds tokens and secrets: keep it in a private file. */
  state(): string
  /** Answers nothing more and cuts what hangs. */
  stop(): Promise<void>
}

/**
 * Starts a small 1Password Connect server on 127.0.0.1; it is ready when the promise resolves.
 * @throws Error `EADDRINUSE` and the like
 */
export async function startOnePassword(options: OnePasswordOptions = {}): Promise<OnePasswordServer> {
  const { port = 0, demo = false, tls, hostCheck = true, clock = systemClock } = options
  const state = options.state === undefined ? newState() : readState(options.state)
  const faults = createFaults()
  const recorder = createRecorder(operationNames)
  const world = { state, clock }
  const admin = createAdmin(world)
  if (options.state === undefined) state.connection = furnish(admin, demo)

  const stopped = new AbortController()
  const listener = createListener({ world, faults, admin, recorder, stopped: stopped.signal })
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  if (hostCheck) guardHost(server)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")

  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    config: { url, token: state.connection },
    admin,
    faults,
    requests: recorder.requests,
    state: () => writeState(state),
    stop: async () => {
      stopped.abort()
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
