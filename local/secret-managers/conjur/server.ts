import { once } from "node:events"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { type Clock, systemClock } from "../../../core/clock.ts"
import { guardHost } from "../../host-guard.ts"
import { createRecorder, type Requests } from "../recorder.ts"
import { type ConjurAdmin, createAdmin, furnish } from "./admin.ts"
import { createFaults, type Faults, type OperationName, operationNames } from "./faults.ts"
import { createListener } from "./listener.ts"
import type { World } from "./protocol.ts"
import { newState, readState, writeState } from "./state.ts"

export interface ConjurOptions {
  /** Default: any free one. Always on 127.0.0.1. */
  port?: number
  /** Fill a new server with demo secrets. A restored one keeps what it had. Default false. */
  demo?: boolean
  /** Where the API is, such as Conjur Cloud's `/api`. Default: at the root. */
  basePath?: string
  /** Of a new server. Default `conjur`, as in Conjur Cloud. */
  account?: string
  /** How long tokens live, in seconds. Default 480, as Conjur's. */
  tokenTtl?: number
  /** PEM; the server then speaks https alone. */
  tls?: { cert: string; key: string }
  /** Refuse any `Host` but this server's and any foreign `Origin`. Default true; off only for tests by another name. */
  hostCheck?: boolean
  /** What `state()` gave before: every secret, role and token is as it was. */
  state?: string
  clock?: Clock
  /** Bound on a request's body in bytes. Default 32 MiB. */
  maxRequestSize?: number
}

export interface ConjurServer {
  /** With the base path. */
  url: string
  /** A Latchkey connection's configuration that reaches this server. */
  config: { url: string; organizationAccountName: string; loginId: string; apiKey: string }
  admin: ConjurAdmin
  faults: Faults
  requests: Requests<OperationName>
  /** Everything as JSON, for the next start. It holds credentials and secrets: keep it in a private file. */
  state(): string
  /** Answers nothing more and cuts what hangs. */
  stop(): Promise<void>
}

/** Starts a small Conjur on 127.0.0.1; it is ready when the promise resolves. @throws Error `EADDRINUSE` and the like */
export async function startConjur(options: ConjurOptions = {}): Promise<ConjurServer> {
  const { port = 0, demo = false, basePath = "", account = "conjur", tls, hostCheck = true } = options
  const state = options.state === undefined ? newState(account) : readState(options.state)
  const world: World = {
    state,
    clock: options.clock ?? systemClock,
    faults: createFaults(),
    tokenTtl: options.tokenTtl ?? 480,
  }
  const recorder = createRecorder(operationNames)
  const admin = createAdmin(world)
  if (options.state === undefined) state.connection = furnish(admin, demo)

  const stopped = new AbortController()
  const listener = createListener({
    world,
    admin,
    recorder,
    basePath,
    maxRequestSize: options.maxRequestSize ?? 32 * 1024 * 1024,
    stopped: stopped.signal,
  })
  // The first line of a request may be as long as a proxy before Conjur lets it be, which is judged later.
  const limits = { maxHeaderSize: 64 * 1024 }
  const server =
    tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls }, listener)
  if (hostCheck) guardHost(server)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")

  const scheme = tls === undefined ? "http" : "https"
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}${basePath}`
  return {
    url,
    get config() {
      return { url, organizationAccountName: state.account, ...state.connection }
    },
    admin,
    faults: world.faults,
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
