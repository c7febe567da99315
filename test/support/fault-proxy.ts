import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as open,
  type ServerResponse,
} from "node:http"
import { buffer } from "node:stream/consumers"
import { setTimeout } from "node:timers/promises"
import { type LocalServer, listen, readBody } from "../../local/http-server.ts"

/** What becomes of a request, instead of being passed on and answered. */
export type Fault =
  /** A TCP reset, before the server behind has seen anything. */
  | "reset"
  /** Taken, and never answered. */
  | "hang"
  /** Carried out; the connection is cut in the middle of the answer. */
  | "cut"
  /** Carried out; the answer stops in the middle, the connection stays. */
  | "stall"
  /** Carried out; the answer comes byte by byte, one in so many milliseconds. */
  | { trickleMs: number }
  /** Carried out; the answer comes once this has settled. */
  | { until: Promise<unknown> }
  /** Passed on only after so many milliseconds. */
  | { delayMs: number }
  /** Answered by the proxy itself. */
  | { status: number; headers?: Record<string, string>; body?: string }

export interface Sent {
  /** As AWS' header names it (`DynamoDB_20120810.PutItem`), else empty. */
  operation: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Stands before a server, keeps what is sent to it, and does to each request what it is told to. */
export interface FaultProxy extends LocalServer {
  /** Every request so far, whatever became of it. */
  sent: Sent[]
  /** Asked for each request once it is here. */
  faultOf: (request: Sent) => Fault | undefined
  /** What is passed on in the place of a request's body. */
  rewrite: (body: Buffer) => Buffer
  /** Where it is set, told of each answer that is passed on whole, before it is. */
  onAnswer?: (answer: Buffer, request: Sent) => void
  /** How many of the requests that `of` picks are under way: not answered to the end, and not given up by their sender. */
  underWay(of?: (request: Sent) => boolean): number
  /** Closes the port, and cuts what is open: connections are refused from now on. */
  shut(): Promise<void>
  /** Opens it again. */
  reopen(): Promise<void>
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port: targetPort, host } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const unanswered = new Set<Sent>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request, 64 * 1024 * 1024)) ?? Buffer.alloc(0)
    const { headers, url: path = "/" } = request
    const sent = { operation: String(headers["x-amz-target"] ?? ""), path, headers, body }
    proxy.sent.push(sent)
    if (response.destroyed) return
    unanswered.add(sent)
    response.on("close", () => unanswered.delete(sent))
    const fault = proxy.faultOf(sent)
    if (fault === "reset") return void request.socket.resetAndDestroy()
    if (fault === "hang") return
    if (typeof fault === "object" && "status" in fault)
      return void response.writeHead(fault.status, fault.headers).end(fault.body ?? "")
    if (typeof fault === "object" && "delayMs" in fault) await setTimeout(fault.delayMs)
    forward(request, response, { sent, fault })
  }

  function forward(
    { method, url: path, headers }: IncomingMessage,
    response: ServerResponse,
    { sent, fault }: { sent: Sent; fault: Fault | undefined },
  ): void {
    const passed = proxy.rewrite(sent.body)
    const length = String(passed.length)
    const options = {
      agent,
      hostname,
      port: targetPort,
      method,
      path,
      headers: { ...headers, host, ...(headers["content-length"] && { "content-length": length }) },
    }
    const upstream = open(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      if (fault === "cut" || fault === "stall") return void answerHalf(answer, response, fault)
      if (typeof fault === "object" && "trickleMs" in fault)
        return void trickle(answer, response, fault.trickleMs)
      if (typeof fault === "object" && "until" in fault)
        return void Promise.allSettled([fault.until]).then(() => answer.pipe(response))
      const tell = proxy.onAnswer
      if (tell) return void answerWhole(answer, response, (whole) => tell(whole, sent))
      answer.pipe(response)
    })
    // Where the server behind cuts the connection, so does this one.
    upstream.on("error", () => response.destroy())
    response.on("close", () => upstream.destroy())
    upstream.end(passed)
  }

  let server = await listen(onRequest)
  const { url, port } = server

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    answer(request, response).catch(() => response.destroy())
  }

  const proxy: FaultProxy = {
    url,
    port,
    sent: [],
    faultOf: () => undefined,
    rewrite: (body) => body,
    underWay: (of = () => true) => [...unanswered].filter(of).length,
    shut: () => server.close(),
    async reopen() {
      server = await listen(onRequest, { port })
    },
    async close() {
      await server.close()
      agent.destroy()
    },
  }
  return proxy
}

async function answerWhole(
  answer: IncomingMessage,
  response: ServerResponse,
  tell: (whole: Buffer) => void,
): Promise<void> {
  const whole = await buffer(answer).catch(() => undefined)
  if (whole === undefined) return void response.destroy()
  tell(whole)
  response.end(whole)
}

async function answerHalf(answer: IncomingMessage, response: ServerResponse, fault: "cut" | "stall") {
  const whole = await buffer(answer)
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
    if (fault === "cut") response.destroy()
  })
}

async function trickle(answer: IncomingMessage, response: ServerResponse, everyMs: number) {
  for (const byte of await buffer(answer)) {
    if (response.destroyed) return
    response.write(Buffer.of(byte))
    await setTimeout(everyMs, undefined, { ref: false })
  }
  response.end()
}
