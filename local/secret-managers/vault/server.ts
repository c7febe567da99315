import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { type Clock, systemClock } from "../../../core/clock.ts"
import { guardHost } from "../../host-guard.ts"
import { createRecorder, type Requests } from "../recorder.ts"
import { createAdmin, furnish, type VaultAdmin } from "./admin.ts"
import { createFaults, type Faults, type OperationName, operationNames } from "./faults.ts"
import { acceptList } from "./list-method.ts"
import { createListener } from "./listener.ts"
import { newState, readState, writeState } from "./state.ts"
import { createRootToken, endExpired } from "./tokens.ts"

export interface VaultOptions {
  /** Default: any free one. Always on 127.0.0.1. */
  port?: number
  /** Fill a new server with demo secrets. A restored one keeps what it had. Default false. */
  demo?: boolean
  /** PEM; the server then speaks https alone. */
  tls?: { cert: string; key: string }
  /** Refuse any `Host` but this server's and any foreign `Origin`. Default true; off only for tests by another name. */
  hostCheck?: boolean
  /** What `state()` gave before: every secret, role and token is as it was. */
  state?: string
  clock?: Clock
  /** Bound on a request's body in bytes, which Vault's listener has too. Default 32 MiB. */
  maxRequestSize?: number
}

export interface VaultServer {
  url: string
  /** A Latchkey connection's configuration that reaches this server. */
  config: { url: string; roleId: string; secretId: string }
  admin: VaultAdmin
  faults: Faults
  requests: Requests<OperationName>
  /** Everything as JSON, for the next start. It holds credentials and secrets: keep it in a private file. */
  state(): string
  /** Answers nothing more and cuts what hangs. */
  stop(): Promise<void>
}

/** Starts a small Vault on 127.0.0.1; it is ready when the promise resolves. @throws Error `EADDRINUSE` and the like */
export async function startVault(options: VaultOptions = {}): Promise<VaultServer> {
  const { port = 0, demo = false, tls, hostCheck = true, clock = systemClock } = options
  const state = options.state === undefined ? newState() : readState(options.state)
  const faults = createFaults()
  const recorder = createRecorder(operationNames)
  const world = { state, clock, faults }
  const admin = createAdmin(world)
  if (options.state === undefined) {
    createRootToken(world)
    state.connection = await furnish(admin, demo)
  }

  const stopped = new AbortController()
  const listener = createListener({
    world,
    admin,
    recorder,
    maxRequestSize: options.maxRequestSize ?? 32 * 1024 * 1024,
    stopped: stopped.signal,
  })
  const server = createServer(listener)
  if (hostCheck) guardHost(server)
  const accept = acceptList(server)
  const door = tls === undefined ? createTcpServer(accept) : createTlsServer(tls, accept)
  const sockets = new Set<Socket>()
  door.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  door.listen(port, "127.0.0.1")
  await once(door, "listening")

  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(door.address() as AddressInfo).port}`
  return {
    url,
    config: { url, ...state.connection },
    admin,
    faults,
    requests: recorder.requests,
    state: () => {
      endExpired(world)
      return writeState(state)
    },
    stop: async () => {
      stopped.abort()
      const closed = once(door, "close")
      door.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
