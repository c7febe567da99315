import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { guardHost } from "./host-guard.ts"
import { SandboxError, systemCode } from "./sandbox-error.ts"

export interface LocalServer {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  url: string
  port: number
  /** Takes no new requests, lets those under way finish for `graceMs`, then drops what is left. */
  close(): Promise<void>
}

export interface ListenOptions {
  /** 0, the default, is any free port. */
  port?: number
  /** Origins besides its own that a browser may call it from. */
  origins?: readonly string[]
  /** How long `close` waits for requests under way, in milliseconds. Default 0. */
  graceMs?: number
}

/**
 * Starts an HTTP server on 127.0.0.1 that answers 403 to whatever was not meant for it.
 * @throws SandboxError when the port is taken or not permitted
 */
export async function listen(listener: RequestListener, options: ListenOptions = {}): Promise<LocalServer> {
  const { port: wanted = 0, origins = [], graceMs = 0 } = options
  const server = guardHost(createServer(listener), { origins })
  // Longer than any client keeps an idle connection, so that none is closed just as it is used again.
  server.keepAliveTimeout = 65_000
  const { port } = await new Promise<AddressInfo>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, wanted)))
    server.listen(wanted, "127.0.0.1", () => resolve(server.address() as AddressInfo))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
        // Node closes those that are idle now, but not those that become idle once they are answered.
        const sweep = setInterval(() => server.closeIdleConnections(), 20)
        server.close(() => {
          clearTimeout(deadline)
          clearInterval(sweep)
          resolve()
        })
      }),
  }
}

/** The whole body, or undefined where it has more than `maxBytes`; the rest is then read and dropped. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= maxBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= maxBytes ? Buffer.concat(chunks) : undefined
}

export function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) })
  response.end(body)
}

function explain(error: Error, port: number): Error {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new SandboxError(
        `port ${port} is in use; stop what listens there or choose another with --port.`,
        { cause: error },
      )
    case "EACCES":
      return new SandboxError(`port ${port} needs more rights; choose one above 1023 with --port.`, {
        cause: error,
      })
    default:
      return error
  }
}
