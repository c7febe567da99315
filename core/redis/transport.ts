import * as http from "node:http"
import * as https from "node:https"
import type { Clock } from "../clock.ts"

export interface TransportOptions {
  url: string
  token: string
  /** Bound on one request, its retry included, in milliseconds. */
  timeoutMs: number
  clock: Clock
}

/** What the SDK hands over: path segments below the URL, and what is to be sent as JSON. */
export interface RestRequest {
  path?: string[]
  body?: unknown
}

/** The answer's JSON. @throws Error where there was none in time, holding nothing of the request or the answer */
export type Transport = (request: RestRequest) => Promise<object>

/** Sockets that were idle for longer are not trusted: what lies between may have dropped them while Lambda was frozen. */
const idleMs = 60_000
const pauseMs = 10
/** More than this in one answer, in bytes, is not read: what is in Redis must not be able to fill our memory. */
const maxAnswerBytes = 32 * 1024 * 1024

/**
 * Carries requests to Upstash's REST API over `node:https` with kept connections, and tries once more where a connection
 * breaks. The SDK's own way is the global `fetch`, whose first call adds 40 ms to a cold start, and each call twice the CPU.
 * As the SDK does, it hands back the latest sync token, so that a read sees the writes before it on whatever replica.
 */
export function restTransport({ url, token, timeoutMs, clock }: TransportOptions): Transport {
  const base = new URL(url)
  const { request, Agent } = base.protocol === "http:" ? http : https
  const agent = new Agent({ keepAlive: true })
  let syncToken = ""
  let underWay = 0
  let lastUsed = 0

  return async ({ path = [], body }) => {
    if (underWay === 0 && clock.now() - lastUsed > idleMs) agent.destroy()
    underWay++
    const signal = clock.timeout(timeoutMs)
    const target = [base.pathname.replace(/\/$/, ""), ...path].join("/")
    const text = JSON.stringify(body)
    try {
      const answer = await post(target, text, signal).catch(async (error: unknown) => {
        if (error === tooLarge) throw error
        await clock.sleep(pauseMs, signal)
        return post(target, text, signal)
      })
      return parse(answer)
    } finally {
      underWay--
      lastUsed = clock.now()
    }
  }

  async function post(path: string, body: string, signal: AbortSignal): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "upstash-sync-token": syncToken,
    }
    const options = { agent, signal, method: "POST", path, headers, host: base.hostname, port: base.port }
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= maxAnswerBytes) chunks.push(chunk)
        else {
          reject(tooLarge)
          outgoing.destroy()
        }
      })
      response.on("error", reject)
      response.on("end", () => {
        syncToken = String(response.headers["upstash-sync-token"] ?? "")
        resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on("error", reject)
    outgoing.end(body)
    return promise
  }
}

const tooLarge = new Error("Redis answered more than is read of one answer.")

interface Answer {
  status: number | undefined
  text: string
}

function parse({ status, text }: Answer): object {
  if (status !== 200) throw new Error(`Redis answered ${status}.`)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new Error("Redis answered no JSON.")
  }
}
