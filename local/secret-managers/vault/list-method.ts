import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"

/**
 * Vault's clients list with the HTTP method `LIST`, which node:http's parser answers with 400. So connections come in
 * through here, where `LIST` at the start of a request becomes `LINK`, a method of the same length that nobody uses, and
 * the request is called `LIST` again once it is parsed.
 *
 * Only what arrives on an idle connection is looked at, so that a body may say what it likes; a pipelined `LIST` is not
 * understood.
 */
export function acceptList(server: Server): (socket: Socket) => void {
  const connections = new WeakMap<object, Progress>()
  server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const progress = connections.get(request.socket)
    if (progress?.listed && request.method === "LINK") request.method = "LIST"
    response.once("finish", () => {
      if (progress !== undefined) Object.assign(progress, { idle: true, listed: false })
    })
  })
  return (socket) => {
    const progress: Progress = { idle: true, listed: false, held: Buffer.alloc(0) }
    const connection = relay(socket, (chunk) => translate(chunk, progress))
    connections.set(connection, progress)
    server.emit("connection", connection)
  }
}

interface Progress {
  /** No request has begun since the last answer. */
  idle: boolean
  /** The request under way began with `LIST`. */
  listed: boolean
  /** The first bytes of a request, while they are too few to tell. */
  held: Buffer
}

const list = Buffer.from("LIST ")

function translate(chunk: Buffer, progress: Progress): Buffer {
  if (!progress.idle) return chunk
  const start = Buffer.concat([progress.held, chunk])
  const first = start.subarray(0, list.length)
  if (first.length < list.length && list.subarray(0, first.length).equals(first)) {
    progress.held = start
    return Buffer.alloc(0)
  }
  Object.assign(progress, { idle: false, listed: first.equals(list), held: Buffer.alloc(0) })
  return progress.listed ? Buffer.concat([Buffer.from("LINK "), start.subarray(list.length)]) : start
}

/** The socket as a stream whose incoming bytes go through `change`, with what node:http and its listeners ask of a socket. */
function relay(socket: Socket, change: (chunk: Buffer) => Buffer): Duplex {
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on("data", (chunk: Buffer) => {
    const changed = change(chunk)
    if (changed.length > 0 && !stream.push(changed)) socket.pause()
  })
  socket.on("end", () => stream.push(null))
  socket.on("error", (error) => stream.destroy(error))
  socket.on("close", () => stream.destroy())
  const encrypted = "encrypted" in socket
  return Object.assign(stream, {
    remoteAddress: socket.remoteAddress,
    localPort: socket.localPort,
    destroySoon: () => socket.destroySoon(),
    // A TLS connection has no reset of its own: it ends without a goodbye, which clients take for the same.
    resetAndDestroy: () => (encrypted ? socket.destroy() : socket.resetAndDestroy()),
    ...(encrypted ? { encrypted } : {}),
  })
}
