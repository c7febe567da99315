import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"

/**
 * Keeps web pages out of the sandbox. A page that a developer happens to visit can make a browser send requests to
 * 127.0.0.1, and by DNS rebinding even read the answers; such a request carries the page's `Host` or `Origin`. Only
 * requests that name this very server, and come from no page or from one of the sandbox's own, get past the guard.
 */
export interface GuardOptions {
  /** Origins besides the server's own that may call it, such as `http://127.0.0.1:4001`: the console's. */
  origins?: readonly string[]
}

/** Whether `request` names the server it reached, by loopback address or `localhost`, and comes from no foreign page. */
export function isLocalRequest(request: IncomingMessage, options: GuardOptions = {}): boolean {
  const { localPort } = request.socket
  const hosts = [`127.0.0.1:${localPort}`, `localhost:${localPort}`]
  const { host, origin } = request.headers
  if (host === undefined || !hosts.includes(host.toLowerCase())) return false
  if (origin === undefined) return true
  const scheme = "encrypted" in request.socket ? "https" : "http"
  return [...hosts.map((own) => `${scheme}://${own}`), ...(options.origins ?? [])].includes(origin)
}

/**
 * Makes `server` answer 403 to every request that is not local, before any listener sees it, whether the listener was
 * added before or comes later. Returns the same server.
 */
export function guardHost<S extends Server>(server: S, options: GuardOptions = {}): S {
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: unknown[]): boolean => {
    if (!requestEvents.has(event)) return emit(event, ...args)
    const [request, answer] = args as [IncomingMessage, ServerResponse | Duplex]
    if (isLocalRequest(request, options)) return emit(event, ...args)
    refuse(request, answer)
    return true
  }
  return server
}

/** All events by which node:http hands over a request; the last two come with a bare socket in place of an answer. */
const requestEvents = new Set(["request", "checkContinue", "checkExpectation", "upgrade", "connect"])

const text = "The sandbox answers only requests to 127.0.0.1 or localhost, and none from other web pages.\n"

function refuse(request: IncomingMessage, answer: ServerResponse | Duplex): void {
  if (!("writeHead" in answer)) {
    answer.destroy()
    return
  }
  // The body is not worth reading: the connection ends with the answer.
  answer.writeHead(403, { "content-type": "text/plain; charset=utf-8", connection: "close" })
  answer.end(text, () => request.socket.destroySoon())
}
