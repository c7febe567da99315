import { readFileSync } from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import * as net from "node:net"
import { onTestFinished } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { type ClientOptions, createNetwork, type NetworkOptions } from "../../core/network/client.ts"
import type { HttpClient, HttpRequest, HttpResponse } from "../../core/network/http.ts"

export const certificate = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8")

/** Listens on a free port of the loopback until the test has ended. */
async function listen(server: net.Server, sockets = new Set<net.Socket>()): Promise<number> {
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export interface Received {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: string
}

export interface TestServer {
  url: string
  port: number
  received: Received[]
  /** TCP connections so far. */
  connections: number
  /** Those that are open. */
  open: Set<net.Socket>
}

type Handler = (response: http.ServerResponse, received: Received, count: number) => void

const ok: Handler = (response) => response.end("ok")

function serve(handler: Handler, state: TestServer): http.RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { method = "", url = "", headers } = request
      const received = { method, url, headers, body: Buffer.concat(chunks).toString() }
      state.received.push(received)
      handler(response, received, state.received.length)
    })
  }
}

export async function httpServer(handler: Handler = ok): Promise<TestServer> {
  const state: TestServer = { url: "", port: 0, received: [], connections: 0, open: new Set() }
  const server = http.createServer(serve(handler, state)).on("connection", () => state.connections++)
  state.port = await listen(server, state.open)
  state.url = `http://127.0.0.1:${state.port}`
  return state
}

export async function httpsServer(
  handler: Handler = ok,
  options: https.ServerOptions & { certificate?: string } = {},
): Promise<TestServer & { servernames: (string | false)[]; reused: boolean[] }> {
  const state = {
    url: "",
    port: 0,
    received: [],
    connections: 0,
    open: new Set(),
    servernames: [],
    reused: [],
  } as TestServer & {
    servernames: (string | false)[]
    reused: boolean[]
  }
  const cert = certificate(options.certificate ?? "localhost.pem")
  const server = https
    .createServer({ cert, key: certificate("leaf.key"), ...options }, serve(handler, state))
    .on("connection", () => state.connections++)
    .on("secureConnection", (socket) => {
      state.servernames.push(socket.servername as string | false)
      state.reused.push(socket.isSessionReused())
    })
  state.port = await listen(server)
  state.url = `https://127.0.0.1:${state.port}`
  return state
}

/** Speaks raw TCP. */
export async function tcpServer(
  onSocket: (socket: net.Socket, count: number) => void,
): Promise<{ url: string; port: number; connections: number; bytes: () => string }> {
  let bytes = ""
  const state = { url: "", port: 0, connections: 0, bytes: () => bytes }
  const server = net.createServer((socket) => {
    socket.on("data", (chunk) => {
      bytes += chunk.toString("latin1")
    })
    socket.on("error", () => {})
    onSocket(socket, ++state.connections)
  })
  state.port = await listen(server)
  state.url = `http://127.0.0.1:${state.port}`
  return state
}

/** Time that stands still but for sleeping, which takes none. */
export function sleeplessClock(): Clock & { slept: number[]; advance(ms: number): void } {
  let now = Date.UTC(2030, 0, 1)
  const slept: number[] = []
  return {
    ...systemClock,
    slept,
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      slept.push(ms)
      now += ms
    },
  }
}

export const sandbox = { allowHttp: true, allowLoopback: true, exceptions: [] }

export type Ask = (url: string, request?: Partial<HttpRequest>) => Promise<HttpResponse>

/** A client as the sandbox has it, under a clock that takes no time; closed when the test has ended. */
export function openClient(
  options: Partial<NetworkOptions> & Partial<ClientOptions> & { caCertificate?: string } = {},
): { ask: Ask; clock: ReturnType<typeof sleeplessClock>; other: (options: Partial<ClientOptions>) => Ask } {
  const clock = sleeplessClock()
  const network = createNetwork({ policy: sandbox, clock, ...options })
  onTestFinished(() => network.close())
  const open = (more: Partial<ClientOptions>): Ask => {
    const client: HttpClient = network.client({
      platformId: "acme",
      connectionKey: "one",
      ...options,
      ...more,
    })(options.caCertificate === undefined ? {} : { caCertificate: options.caCertificate })
    return (url, request = {}) =>
      client.request({
        method: "GET",
        url,
        operation: "read secret",
        signal: new AbortController().signal,
        ...request,
      })
  }
  return { ask: open({}), clock, other: open }
}
