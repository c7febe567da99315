import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Recorder } from "../recorder.ts"
import type { ConjurAdmin } from "./admin.ts"
import type { FaultSwitches, OperationName } from "./faults.ts"
import { type Answer, type Call, ConjurError, head, json, type World } from "./protocol.ts"
import { answer, nameOf } from "./router.ts"
import { sandboxControls } from "./sandbox-controls.ts"

interface Parts {
  world: World
  admin: ConjurAdmin
  recorder: Recorder<OperationName>
  /** Where the API is: empty, or `/api` as in Conjur Cloud. */
  basePath: string
  maxRequestSize: number
  stopped: AbortSignal
}

/** What nginx, which stands before every Conjur, takes as the first line of a request. */
const maxRequestLine = 8 * 1024

/** HTTP on one side, Conjur's requests and answers on the other: bodies, paths, faults. */
export function createListener(parts: Parts): RequestListener {
  const controls = sandboxControls({
    admin: parts.admin,
    faults: parts.world.faults,
    requests: parts.recorder.requests,
  })
  return (request, response) => {
    const serve = request.url?.startsWith("/sandbox/")
      ? readBody(request, parts.maxRequestSize).then((body) =>
          send(request, response, controls(request.method ?? "", request.url ?? "", body.toString())),
        )
      : serveConjur(request, response, parts)
    serve.catch((error: unknown) => {
      if (parts.stopped.aborted || response.headersSent) response.destroy()
      else if (error instanceof ConjurError) send(request, response, error.answer)
      else send(request, response, head(500))
    })
  }
}

async function serveConjur(
  request: IncomingMessage,
  response: ServerResponse,
  { world, recorder, basePath, maxRequestSize, stopped }: Parts,
): Promise<void> {
  const { method = "", url = "", headers } = request
  const body = await readBody(request, maxRequestSize)
  const [pathname = "", ...query] = url.split("?")
  const segments = segmentsOf(pathname, basePath)
  // A HEAD is a GET whose body stays behind.
  const asked = method === "HEAD" ? "GET" : method
  const operation = segments === undefined ? "other" : nameOf({ method: asked, segments })
  const record = recorder.record({ method, url, headers, body: body.toString("latin1"), operation })
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
    return send(request, response, feigned(fault, url))
  }
  if (`${method} ${url} HTTP/1.1`.length > maxRequestLine) throw new ConjurError(page(414))
  if (segments === undefined) throw new ConjurError(page(404))
  const call: Call = {
    ...world,
    method: asked,
    segments,
    query: new URLSearchParams(query.join("?")),
    headers,
    body,
    remoteAddress: request.socket.remoteAddress ?? "",
  }
  send(request, response, await answer(call))
}

/**
 * The path below the base, split at its slashes and only then decoded: an encoded slash is part of a segment. Repeated
 * slashes count as one and a last one as none. Undefined for a path elsewhere, or one that cannot be decoded.
 */
function segmentsOf(pathname: string, basePath: string): string[] | undefined {
  if (!pathname.startsWith(`${basePath}/`)) return undefined
  try {
    return pathname
      .slice(basePath.length)
      .split("/")
      .filter((segment) => segment !== "")
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // Left open where reading ends early: the answer goes out on the same socket.
  const incoming: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > limit) throw new ConjurError({ ...page(413), headers: { connection: "close" } })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function feigned({ status, redirect, body }: FaultSwitches, url: string): Answer {
  if (redirect !== undefined) return { status: status ?? 307, headers: { location: redirect + url } }
  if (body !== undefined) {
    return { status: status ?? 200, headers: { "content-type": "application/json" }, body }
  }
  const code = status ?? 200
  // Conjur itself has no words for its own failures; what is beyond 500 comes from what stands before it.
  if (code === 404 || code === 422) return json({ error: { code: "feigned", message: "feigned" } }, code)
  return code > 500 || code === 429 ? page(code) : head(code)
}

/** As a proxy says it. */
function page(status: number): Answer {
  return { status, headers: { "content-type": "text/html" }, body: `<html><body>${status}</body></html>\r\n` }
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    "cache-control": "no-store",
    ...headers,
    ...(status === 204 ? {} : { "content-length": Buffer.byteLength(body ?? "") }),
  })
  response.end(request.method === "HEAD" ? undefined : body)
}
