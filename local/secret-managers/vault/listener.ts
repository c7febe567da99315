import { randomUUID } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Recorder } from "../recorder.ts"
import type { VaultAdmin } from "./admin.ts"
import type { FaultSwitches, OperationName } from "./faults.ts"
import { type Answer, VaultError } from "./protocol.ts"
import { answer, nameOf, type VaultRequest, type World } from "./router.ts"
import { sandboxControls } from "./sandbox-controls.ts"

interface Parts {
  world: World
  admin: VaultAdmin
  recorder: Recorder<OperationName>
  maxRequestSize: number
  stopped: AbortSignal
}

/** HTTP on one side, Vault's requests and answers on the other: bodies, paths, faults, the envelope. */
export function createListener(parts: Parts): RequestListener {
  const controls = sandboxControls({ ...parts.world, admin: parts.admin, requests: parts.recorder.requests })
  return (request, response) => {
    const serve = request.url?.startsWith("/sandbox/")
      ? control(request, response, parts, controls)
      : serveVault(request, response, parts)
    serve.catch((error: unknown) => {
      if (parts.stopped.aborted || response.headersSent) response.destroy()
      else sendError(response, error)
    })
  }
}

async function control(
  request: IncomingMessage,
  response: ServerResponse,
  { maxRequestSize }: Parts,
  controls: ReturnType<typeof sandboxControls>,
): Promise<void> {
  const text = await readBody(request, maxRequestSize)
  send(response, await controls(request.method ?? "", request.url ?? "", text))
}

async function serveVault(
  request: IncomingMessage,
  response: ServerResponse,
  { world, recorder, maxRequestSize, stopped }: Parts,
): Promise<void> {
  const { pathname, query } = split(request.url ?? "")
  const text = await readBody(request, maxRequestSize)
  const asked = pathname.startsWith("/v1/") ? vaultRequest(request, pathname, query, text) : undefined
  const operation = asked instanceof VaultError || asked === undefined ? "other" : nameOf(asked, world.state)
  const record = recorder.record({
    method: request.method ?? "",
    url: request.url ?? "",
    headers: request.headers,
    body: text,
    operation,
  })
  // By which Vault tells its clients from pages that make a browser send something.
  Object.assign(record, { vaultRequest: request.headers["x-vault-request"] === "true" })
  response.on("finish", () => {
    record.status = response.statusCode
  })
  const fault = world.faults.take(operation)
  if (fault.slowMs) await world.clock.sleep(fault.slowMs, stopped)
  if (fault.hang) return
  if (fault.reset) {
    request.socket.resetAndDestroy()
    return
  }
  if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter))
  if (fault.status !== undefined || fault.redirect !== undefined || fault.body !== undefined) {
    sendFault(response, fault, request.url ?? "")
    return
  }
  if (asked === undefined) throw new VaultError(404)
  if (asked instanceof VaultError) throw asked
  const cleaned = pathname.replaceAll(/\/{2,}/g, "/")
  if (cleaned !== pathname) {
    // Go's router sends clients to the clean path itself.
    response.writeHead(307, { location: cleaned + (request.url ?? "").slice(pathname.length) }).end()
    return
  }
  send(response, await answer(asked, world, fault.sealed === true))
}

function split(url: string): { pathname: string; query: URLSearchParams } {
  const at = url.indexOf("?")
  return at === -1
    ? { pathname: url, query: new URLSearchParams() }
    : { pathname: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) }
}

/** The request with its path decoded, or what is wrong with the path. */
function vaultRequest(
  { method = "", headers }: IncomingMessage,
  pathname: string,
  query: URLSearchParams,
  text: string,
): VaultRequest | VaultError {
  let path: string
  try {
    path = decodeURIComponent(pathname.slice("/v1/".length))
  } catch {
    return new VaultError(400, "invalid URL escape")
  }
  if (path.split("/").some((segment) => segment === "." || segment === ".."))
    return new VaultError(400, "relative paths not supported")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return new VaultError(400, "path contains unprintable characters")
  const token = headers["x-vault-token"] ?? /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1]
  const namespace = headers["x-vault-namespace"]
  return {
    method,
    path,
    query,
    text,
    contentType: headers["content-type"] ?? "",
    ...(token ? { token: String(token) } : {}),
    ...(namespace ? { namespace: String(namespace) } : {}),
  }
}

/** @throws VaultError 413 */
async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  // Left open where reading ends early: the answer goes out on the same socket.
  const incoming: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > limit) throw new VaultError(413, "http: request body too large")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

/** Vault's own words for the states that a fault can feign. */
const faultErrors: Record<number, string> = {
  400: "bad request",
  403: "permission denied",
  412: "required index state not present",
  429: "request path: rate limit quota exceeded",
  472: "disaster recovery mode replication secondary",
  473: "performance standby",
  500: "internal error",
  501: "Vault is not initialized",
  502: "upstream error",
  503: "Vault is sealed",
}

function sendFault(response: ServerResponse, { status, redirect, body }: FaultSwitches, url: string): void {
  if (redirect !== undefined) {
    response.writeHead(status ?? 307, { location: redirect + url }).end()
    return
  }
  const code = status ?? 200
  if (body !== undefined) {
    response.writeHead(code, { "content-type": "application/json" }).end(body)
    return
  }
  const text = faultErrors[code]
  sendError(response, new VaultError(code, ...(text === undefined ? [] : [text])))
}

function send(response: ServerResponse, { status, body, enveloped }: Answer): void {
  response.setHeader("cache-control", "no-store")
  response.statusCode = status
  if (body === undefined) {
    response.end()
    return
  }
  response.setHeader("content-type", "application/json")
  response.end(`${JSON.stringify(enveloped ? { request_id: randomUUID(), ...body } : body)}\n`)
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof VaultError ? error : new VaultError(500, "internal error")
  // A body that was not read to its end would be taken for the next request.
  if (known.status === 413) response.setHeader("connection", "close")
  send(response, { status: known.status, body: { errors: known.errors } })
}
