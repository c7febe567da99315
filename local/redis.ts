import { createHash, timingSafeEqual } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as z from "zod"
import { type Counter, createCounter } from "./counter.ts"
import { type Faults, noFaults, withFaults } from "./faults.ts"
import { type LocalServer, listen, readBody, send } from "./http-server.ts"
import { embeddedRedis, type RedisBackend, type Reply } from "./redis-commands.ts"
import { realRedis } from "./redis-server.ts"

export interface RedisServer extends LocalServer {
  token: string
  /** HTTP requests, by path. */
  requests: Counter
  /** Redis commands, by name. */
  commands: Counter
  faults: Faults
}

export interface RedisOptions {
  /** What clients send as bearer token. */
  token: string
  /** A real Redis, `redis://...`, instead of the embedded one. */
  redisUrl?: string
  port?: number
}

/**
 * Redis over HTTP, as Upstash speaks it: a command as an array to `/`, several to `/pipeline` or, as one transaction,
 * to `/multi-exec`; strings in base64 where `Upstash-Encoding: base64` asks for it.
 * Protocol: https://upstash.com/docs/redis/features/restapi
 */
export async function startRedis({ token, redisUrl, port = 0 }: RedisOptions): Promise<RedisServer> {
  const backend = redisUrl === undefined ? embeddedRedis() : await realRedis(redisUrl)
  const requests = createCounter()
  const commands = createCounter()
  const faults = noFaults()
  const authorization = digest(`Bearer ${token}`)
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer({ backend, commands, authorization }, request, response)
  const nameOf = (request: IncomingMessage) => request.url ?? "/"
  const server = await listen(withFaults(listener, { faults, counter: requests, nameOf }), { port })
  return {
    ...server,
    token,
    requests,
    commands,
    faults,
    close: async () => {
      await server.close()
      await backend.close()
    },
  }
}

interface Front {
  backend: RedisBackend
  commands: Counter
  authorization: Buffer
}

type Answer = [status: number, body: Reply | Reply[]]

/** Far above what the cache sends; Upstash's own bound depends on the plan. */
const maxBytes = 16 * 1024 * 1024

const command = z
  .array(z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .min(1, "ERR empty command")

async function answer(front: Front, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request, maxBytes)
    const [status, value] = await reply(front, request, body)
    const base64 = request.headers["upstash-encoding"] === "base64"
    send(response, status, "application/json", JSON.stringify(base64 ? encoded(value) : value))
  } catch {
    response.destroy() // the client is gone, or the real Redis is
  }
}

async function reply(front: Front, request: IncomingMessage, body: Buffer | undefined): Promise<Answer> {
  const { backend, commands, authorization } = front
  if (!timingSafeEqual(digest(request.headers.authorization ?? ""), authorization))
    return [401, { error: "WRONGPASS invalid or missing auth token" }]
  if (request.method !== "POST") return [405, { error: "ERR send commands by POST" }]
  if (body === undefined) return [413, { error: "ERR max request size exceeded" }]
  const input = parse(body)

  if (request.url === "/") {
    const one = command.safeParse(input)
    if (!one.success) return [400, { error: "ERR failed to parse command" }]
    commands.add(nameOf(one.data))
    const [first = { error: "ERR no reply" }] = await backend.pipeline([one.data])
    return ["error" in first ? 400 : 200, first]
  }

  if (request.url !== "/pipeline" && request.url !== "/multi-exec")
    return [404, { error: "ERR unknown path" }]
  const many = z.array(command).min(1).safeParse(input)
  if (!many.success) return [400, { error: "ERR failed to parse pipeline request" }]
  for (const one of many.data) commands.add(nameOf(one))
  if (request.url === "/pipeline") return [200, await backend.pipeline(many.data)]
  const replies = await backend.transaction(many.data)
  if (replies !== undefined) return [200, replies]
  return [400, { error: "EXECABORT Transaction discarded because of previous errors." }]
}

const nameOf = ([name = ""]: string[]) => name.toUpperCase()

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    return undefined
  }
}

/** Strings anywhere in results become base64, all but a plain `OK`, which Upstash leaves as it is. */
function encoded(value: Reply | Reply[]): unknown {
  if (Array.isArray(value)) return value.map(encoded)
  return "result" in value ? { result: encodedResult(value.result) } : value
}

function encodedResult(result: unknown): unknown {
  if (typeof result === "string") return result === "OK" ? result : Buffer.from(result).toString("base64")
  return Array.isArray(result) ? result.map(encodedResult) : result
}

const digest = (text: string) => createHash("sha256").update(text).digest()
