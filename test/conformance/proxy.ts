import { once } from "node:events"
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"

/** A request as it came over the wire. */
export interface Recorded {
  method: string
  path: string
  headers: IncomingMessage["headers"]
  body: string
}

export interface Canned {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** The server's answer, with another body. */
export interface Altered {
  alter(body: Buffer): Buffer
}

/** What becomes of a request: `forward`ed, left to `hang` without an answer, `reset` by TCP, or answered by the proxy itself. */
export type Fate = "forward" | "hang" | "reset" | Canned | Altered

/**
 * A server between a provider and its secret manager that records every byte sent, and stands in for the faults that a
 * server can hardly be made to show.
 */
export interface RecordingProxy {
  url: string
  requests: Recorded[]
  /** Settles once a request was left hanging and its sender hung up. */
  hungUp: Promise<void>
  decide(fate: (request: Recorded) => Fate): void
  stop(): Promise<void>
}

export async function startProxy(
  target: string,
  {
    tls,
    keepHost = false,
    below = "",
  }: {
    tls?: { key: string; cert: string }
    /** Pass `Host` on as it came, where a signature covers it. */
    keepHost?: boolean
    /** A path that clients come by, and the server does not have. */
    below?: string
  } = {},
): Promise<RecordingProxy> {
  const requests: Recorded[] = []
  const hungUp = Promise.withResolvers<void>()
  let fateOf: (request: Recorded) => Fate = () => "forward"

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const recorded = { method, path, headers, body: Buffer.concat(chunks).toString() }
    requests.push(recorded)
    const fate = fateOf(recorded)
    if (fate === "hang") outgoing.on("close", hungUp.resolve)
    else if (fate === "reset") incoming.socket.resetAndDestroy()
    else if (fate === "forward" || "alter" in fate) {
      if (!path.startsWith(`${below}/`)) return void outgoing.writeHead(404).end()
      const passed = { ...recorded, path: path.slice(below.length) }
      await forward(target, passed, outgoing, { keepHost, ...(fate !== "forward" && fate) })
    } else outgoing.writeHead(fate.status, fate.headers).end(fate.body)
  }

  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy())
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  const port = await listen(server)
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    hungUp: hungUp.promise,
    decide(fate) {
      fateOf = fate
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

/** An address at which nothing listens any more. */
export async function closedUrl(): Promise<string> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, "close")
  return `http://127.0.0.1:${port}`
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

/** Passes the path on as it came: what is under test is how it was written. */
async function forward(
  target: string,
  { method, path, headers, body }: Recorded,
  outgoing: ServerResponse,
  { keepHost, alter }: { keepHost: boolean } & Partial<Altered>,
) {
  const { hostname, port, host } = new URL(target)
  const sent = keepHost ? headers : { ...headers, host }
  const request = httpRequest({ hostname, port, method, path, headers: sent })
  request.end(body)
  const [response] = (await once(request, "response")) as [IncomingMessage]
  const status = response.statusCode ?? 502
  if (!alter) return void response.pipe(outgoing.writeHead(status, response.headers))
  const { "content-length": _another, "transfer-encoding": _way, ...rest } = response.headers
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  outgoing.writeHead(status, rest).end(alter(Buffer.concat(chunks)))
}
