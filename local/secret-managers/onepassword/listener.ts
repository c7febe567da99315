import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Recorder } from "../recorder.ts"
import type { OnePasswordAdmin } from "./admin.ts"
import type { FaultSwitches, Faults, OperationName } from "./faults.ts"
import { type Answer, ConnectError } from "./protocol.ts"
import { answer, type ConnectRequest, nameOf, type World } from "./router.ts"
import { sandboxControls } from "./sandbox-controls.ts"

interface Parts {
  world: World
  faults: Faults
  admin: OnePasswordAdmin
  recorder: Recorder<OperationName>
  stopped: AbortSignal
}

const maxRequestBytes = 4 * 1024 * 1024

/** HTTP on one side, Connect's requests and answers on the other: bodies, paths, faults, errors. */
export function createListener(parts: Parts): RequestListener {
  const { faults, admin, recorder, stopped } = parts
  const controls = sandboxControls({ faults, admin, requests: recorder.requests })
  return (request, response) => {
    const serve = request.url?.startsWith("/sandbox/")
      ? readBody(request).then((text) =>
          send(response, controls(request.method ?? "", request.url ?? "", text)),
        )
      : serveConnect(request, response, parts)
    serve.catch((error: unknown) => {
      if (stopped.aborted || response.headersSent) response.destroy()
      else sendError(response, error)
    })
  }
}

async function serveConnect(
  request: IncomingMessage,
  response: ServerResponse,
  { world, faults, recorder, stopped }: Parts,
): Promise<void> {
  const text = await readBody(request)
  const url = request.url ?? ""
  const asked = connectRequest(request, text)
  const operation = asked === undefined ? "other" : nameOf(asked)
  const record = recorder.record({
    method: request.method ?? "",
    url,
    headers: request.headers,
    body: text,
    operation,
  })
  response.on("finish", () => {
    record.status = response.statusCode
  })
  const fault = faults.take(operation)
  if (fault.slowMs) await world.clock.sleep(fault.slowMs, stopped)
  if (fault.hang) return
  if (fault.reset) {
    request.socket.resetAndDestroy()
    return
  }
  if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter))
  if (fault.status !== undefined || fault.redirect !== undefined || fault.body !== undefined) {
    sendFault(response, fault, url)
    return
  }
  if (asked === undefined) throw new ConnectError(400, "Bad request")
  send(response, answer(asked, world))
}

/** Undefined where the path does not decode. */
function connectRequest(
  { method = "", url = "", headers }: IncomingMessage,
  text: string,
): ConnectRequest | undefined {
  const [path = "", query = ""] = url.split(/\?(.*)/s)
  try {
    const { authorization } = headers
    return { method, path: decodeURIComponent(path), query: new URLSearchParams(query), authorization, text }
  } catch {
    return undefined
  }
}

/** @throws ConnectError 413 */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  // Left open where reading ends early: the answer goes out on the same socket.
  const incoming: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > maxRequestBytes) throw new ConnectError(413, "Request body is too large")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

/** What Connect says with a status that a fault can feign. */
const faultMessages: Record<number, string> = {
  400: "Bad request",
  401: "Invalid token signature",
  403: "Authorization: token does not have access to vault",
  404: "Not found",
  429: "Too many requests",
  500: "Internal server error",
  503: "Service unavailable",
}

function sendFault(response: ServerResponse, { status, redirect, body }: FaultSwitches, url: string): void {
  if (redirect !== undefined) {
    response.writeHead(status ?? 307, { location: redirect + url }).end()
    return
  }
  const code = status ?? 200
  if (body === undefined) sendError(response, new ConnectError(code, faultMessages[code] ?? "error"))
  else response.writeHead(code, { "content-type": "application/json" }).end(body)
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body === undefined) {
    response.end()
    return
  }
  if (Buffer.isBuffer(body)) {
    response.setHeader("content-length", body.length)
    response.end(body)
    return
  }
  response.setHeader("content-type", "application/json")
  response.end(`${JSON.stringify(body)}\n`)
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof ConnectError ? error : new ConnectError(500, "Internal server error")
  // A body that was not read to its end would be taken for the next request.
  if (known.status === 413) response.setHeader("connection", "close")
  send(response, { status: known.status, body: { status: known.status, message: known.message } })
}
