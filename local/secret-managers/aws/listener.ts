import { randomUUID } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Clock } from "../../../core/clock.ts"
import { isObject, type Json } from "../../../core/json.ts"
import type { Recorder } from "../recorder.ts"
import type { AwsAdmin } from "./admin.ts"
import type { FaultSwitches, Faults } from "./faults.ts"
import { parameterStoreOperations } from "./parameter-store.ts"
import { type Answer, AwsError, type Call, refuse, reply, type ServiceName } from "./protocol.ts"
import { sandboxControls } from "./sandbox-controls.ts"
import { secretsManagerOperations } from "./secrets-manager.ts"
import { verify } from "./signature.ts"
import type { AwsState } from "./state.ts"
import { stsOperations } from "./sts.ts"

interface Parts {
  state: AwsState
  clock: Clock
  admin: AwsAdmin
  faults: Faults
  recorder: Recorder
  stopped: AbortSignal
}

type Operations = Readonly<Record<string, (call: Call) => { [key: string]: unknown }>>

const services: Readonly<Record<ServiceName, Operations>> = {
  secretsmanager: secretsManagerOperations,
  ssm: parameterStoreOperations,
  sts: stsOperations,
}

/** The `X-Amz-Target` of services that speak JSON: `secretsmanager.GetSecretValue`. */
const targets: Readonly<Record<string, ServiceName>> = { secretsmanager: "secretsmanager", AmazonSSM: "ssm" }

const maxBodyBytes = 10 * 1024 * 1024

/** HTTP on one side, AWS's operations on the other: protocols, faults, signatures. */
export function createListener(parts: Parts): RequestListener {
  const { admin, faults, recorder, stopped } = parts
  const controls = sandboxControls({ admin, faults, requests: recorder.requests })
  return (request, response) => {
    const serve = request.url?.startsWith("/sandbox/")
      ? readBody(request).then(async (body) =>
          send(response, await controls(request.method ?? "", request.url ?? "", body.toString())),
        )
      : serveAws(request, response, parts)
    serve.catch(() => {
      if (stopped.aborted || response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  }
}

async function serveAws(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const { method = "", url = "", headers } = request
  const { faults, clock, recorder, stopped } = parts
  const body = await readBody(request)
  const { service, operation } = addressee(request, body)
  const record = recorder.record({ method, url, headers, body, operation })
  response.on("finish", () => {
    record.status = response.statusCode
  })
  response.setHeader("x-amzn-requestid", randomUUID())
  const fault = faults.take(operation)
  if (fault.slowMs) await clock.sleep(fault.slowMs, stopped)
  if (fault.hang) return
  if (fault.reset) {
    request.socket.resetAndDestroy()
    return
  }
  if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter))
  send(response, faultAnswer(fault, service, url) ?? run(request, body, { service, operation, fault }, parts))
}

/** Which service and operation a request is for: by `X-Amz-Target` in JSON, by `Action` in a form. */
function addressee({ headers }: IncomingMessage, body: Buffer): { service: ServiceName; operation: string } {
  const target = String(headers["x-amz-target"] ?? "")
  const [prefix = "", name = ""] = target.split(".")
  const service = (Object.hasOwn(targets, prefix) && targets[prefix]) || "sts"
  const named = service === "sts" ? (new URLSearchParams(body.toString()).get("Action") ?? "") : name
  return { service, operation: Object.hasOwn(services[service], named) ? named : "other" }
}

function faultAnswer(fault: FaultSwitches, service: ServiceName, url: string): Answer | undefined {
  const { status, redirect, body, error } = fault
  if (redirect !== undefined) {
    return { status: status ?? 307, contentType: "text/plain", body: "", location: redirect + url }
  }
  if (error !== undefined) return refuse(service, new AwsError(error, "As the sandbox was told to.", status))
  if (body !== undefined) return { status: status ?? 200, contentType: "application/x-amz-json-1.1", body }
  return status === undefined ? undefined : { status, contentType: "text/plain", body: "" }
}

function run(
  request: IncomingMessage,
  body: Buffer,
  { service, operation, fault }: { service: ServiceName; operation: string; fault: FaultSwitches },
  { state, clock }: Parts,
): Answer {
  try {
    const { method = "", url = "", headers } = request
    const { caller, region } = verify({ method, url, headers, body }, service, { state, clock })
    const perform = services[service][operation]
    if (method !== "POST" || !perform) throw new AwsError("UnknownOperationException", "")
    const input = service === "sts" ? parseForm(body) : parseJson(body)
    return reply(service, operation, perform({ state, clock, caller, region, input, fault }))
  } catch (error) {
    if (error instanceof AwsError) return refuse(service, error)
    throw error
  }
}

function parseForm(body: Buffer): { [key: string]: Json } {
  return Object.fromEntries(new URLSearchParams(body.toString()))
}

function parseJson(body: Buffer): { [key: string]: Json } {
  let input: unknown
  try {
    input = JSON.parse(body.toString())
  } catch {
    // Said below, without the text.
  }
  if (isObject(input)) return input
  throw new AwsError("SerializationException", "The body is no JSON object.")
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) throw new Error("too large")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, { status, contentType, body, location }: Answer): void {
  response
    .writeHead(status, { "content-type": contentType, ...(location === undefined ? {} : { location }) })
    .end(body)
}
