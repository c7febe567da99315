/**
 * What Latchkey talks to, in a process of its own, so that its CPU is not counted as ours: just enough of DynamoDB, KMS and
 * Upstash Redis behind one HTTP port, each answering after the same delay, and the sandbox's Vault behind another.
 * Started and told what to do by stub-process.ts.
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { startVault } from "../local/secret-managers/vault/server.ts"
import { documentOf, secretOf } from "./secrets.ts"
import type { Counts, Order, Ready, Report } from "./stub-process.ts"

type Json = Record<string, unknown>
type Item = Record<string, Record<string, unknown>>

let delayMs = 0
let redisGone = false
let counts = noCounts()

const items = new Map<string, Item>()
const entries = new Map<string, { value: string; until: number }>()
const dataKeys = new Map<string, string>()

function noCounts(): Counts {
  return { dynamoReads: 0, dynamoWrites: 0, redisRequests: 0, redisCommands: 0, kms: 0, provider: 0 }
}

const keyOf = (key: Item) => `${Object.values(key.pk ?? {})}\n${Object.values(key.sk ?? {})}`

/** By the operation's name, as the AWS clients send it in `x-amz-target`. */
const operations: Record<string, (body: Json) => unknown> = {
  BatchGetItem({ RequestItems }) {
    counts.dynamoReads++
    const [[table = "", request] = []] = Object.entries(RequestItems as Record<string, { Keys: Item[] }>)
    const found = (request?.Keys ?? []).flatMap((key) => items.get(keyOf(key)) ?? [])
    return { Responses: { [table]: found }, UnprocessedKeys: {} }
  },
  Query() {
    counts.dynamoReads++
    return { Items: [], Count: 0 }
  },
  PutItem({ Item }) {
    counts.dynamoWrites++
    const item = Item as Item
    // The audit only grows, and nobody reads it here.
    if (item.detail === undefined) items.set(keyOf(item), item)
    return {}
  },
  GetItem({ Key }) {
    counts.dynamoReads++
    return { Item: items.get(keyOf(Key as Item)) }
  },
  UpdateItem({ Key, UpdateExpression, ExpressionAttributeValues }) {
    counts.dynamoWrites++
    const key = Key as Item
    const set = Object.entries(ExpressionAttributeValues as Item)
    const given = Object.fromEntries(set.map(([name, value]) => [name.slice(1), value]))
    const known = items.get(keyOf(key))
    // A platform's record is made once and keeps what it has; whatever else is set is set anew.
    const keeps = String(UpdateExpression).includes("if_not_exists")
    const item: Item = keeps ? { ...key, ...given, ...known } : { ...known, ...given }
    items.set(keyOf(key), item)
    return { Attributes: item }
  },
  BatchWriteItem() {
    counts.dynamoWrites++
    return { UnprocessedItems: {} }
  },
  GenerateDataKey() {
    counts.kms++
    const wrapped = randomBytes(184).toString("base64")
    const plain = randomBytes(32).toString("base64")
    dataKeys.set(wrapped, plain)
    return { CiphertextBlob: wrapped, Plaintext: plain, KeyId: "bench" }
  },
  Decrypt({ CiphertextBlob }) {
    counts.kms++
    return { Plaintext: dataKeys.get(String(CiphertextBlob)), KeyId: "bench" }
  },
}

function redis(commands: unknown[][]): unknown {
  counts.redisRequests++
  counts.redisCommands += commands.length
  return commands.map(([name, ...args]) => {
    switch (String(name).toLowerCase()) {
      case "mget":
        return { result: args.map((key) => entryAt(String(key))) }
      case "get":
        return { result: entryAt(String(args[0])) }
      case "set":
        return { result: set(args.map(String)) }
      default:
        return { result: 1 }
    }
  })
}

function entryAt(key: string): string | null {
  const entry = entries.get(key)
  return entry && entry.until > Date.now() ? entry.value : null
}

/** `SET key value [NX|XX] [PX milliseconds]` */
function set([key = "", value = "", ...options]: string[]): "OK" | null {
  const words = options.map((option) => option.toLowerCase())
  const isThere = entryAt(key) !== null
  if ((words.includes("nx") && isThere) || (words.includes("xx") && !isThere)) return null
  const ttlMs = words.includes("px") ? Number(words[words.indexOf("px") + 1]) : Number.POSITIVE_INFINITY
  entries.set(key, { value, until: Date.now() + ttlMs })
  return "OK"
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const answer = answerTo(request, JSON.parse(Buffer.concat(chunks).toString()))
  if (answer === undefined) return
  const body = JSON.stringify(answer)
  const send = () => {
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
    response.end(body)
  }
  if (delayMs > 0) setTimeout(send, delayMs)
  else send()
})
server.keepAliveTimeout = 300_000

/** Undefined: never. */
function answerTo({ headers, url }: IncomingMessage, body: Json): unknown {
  const target = headers["x-amz-target"]
  if (typeof target === "string") return operations[target.slice(target.indexOf(".") + 1)]?.(body) ?? {}
  if (redisGone) return undefined
  const isPipeline = url?.endsWith("/pipeline")
  const replies = redis((isPipeline ? body : [body]) as unknown as unknown[][]) as unknown[]
  return isPipeline ? replies : replies[0]
}

async function obey(order: Order): Promise<Report> {
  switch (order.kind) {
    case "delay":
      delayMs = order.ms
      return {}
    case "redis":
      redisGone = order.gone
      return {}
    case "entries":
      for (const [name, value] of order.entries) entries.set(name, { value, until: Number.POSITIVE_INFINITY })
      return {}
    case "secrets":
      for (let number = order.first; number < order.first + order.count; number++)
        await vault.admin.put(documentOf(number), { password: secretOf(number) })
      return {}
    case "counts": {
      const report = { ...counts, provider: vault.requests.count() }
      counts = noCounts()
      vault.requests.reset()
      return { counts: report }
    }
    default:
      return order satisfies never
  }
}

const vault = await startVault()
server.listen(0, "127.0.0.1")
await once(server, "listening")
process.on("message", async (order: Order) => process.send?.(await obey(order)))
process.on("disconnect", () => process.exit())
const ready: Ready = {
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  vault: vault.config,
}
process.send?.(ready)
