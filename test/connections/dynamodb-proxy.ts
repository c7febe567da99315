import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { isObject, type Json } from "../../core/json.ts"
import { awsOperation } from "../../local/faults.ts"

export interface Recorded {
  operation: string
  /** As DynamoDB's JSON has it. */
  body: { [field: string]: Json }
}

/** Stands between the SDK and a DynamoDB, records what is asked, and stands in for what a DynamoDB rarely does. */
export interface DynamoProxy {
  url: string
  /** Every request in the order of arrival, repeated ones included. */
  requests: Recorded[]
  /** The next request of this operation is carried out, then `meanwhile`, and nobody gets the answer. */
  loseReply(operation: string, meanwhile?: () => Promise<unknown>): void
  /** Of the next batches only so many keys or items each are processed, as under throttling. */
  process(...counts: number[]): void
  /** From here on nobody is answered: connections are cut, or left waiting. */
  mode: "answer" | "refuse" | "hang"
  /** Settles once a request was left waiting and its sender hung up. */
  hungUp: Promise<void>
  reset(): void
  stop(): Promise<void>
}

export async function startDynamoProxy(target: string): Promise<DynamoProxy> {
  const hungUp = Promise.withResolvers<void>()
  let losses: { operation: string; meanwhile?: () => Promise<unknown> }[] = []
  let counts: number[] = []

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const operation = awsOperation(request)
    const body: Recorded["body"] = JSON.parse(Buffer.concat(chunks).toString())
    proxy.requests.push({ operation, body })
    if (proxy.mode === "refuse") return void request.socket.destroy()
    if (proxy.mode === "hang") return void response.on("close", hungUp.resolve)

    const count = operation.startsWith("Batch") ? counts.shift() : undefined
    const leftOver = withhold(body.RequestItems, count)
    const reply = count === 0 ? { status: 200, text: "{}" } : await ask(target, request, body)
    const loss = losses.findIndex((one) => one.operation === operation)
    if (loss >= 0) {
      const [lost] = losses.splice(loss, 1)
      await lost?.meanwhile?.()
      return void request.socket.destroy()
    }
    response.writeHead(reply.status, { "content-type": "application/x-amz-json-1.0" })
    response.end(JSON.stringify({ ...JSON.parse(reply.text), ...leftOver }))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")

  const proxy: DynamoProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    mode: "answer",
    hungUp: hungUp.promise,
    loseReply: (operation, meanwhile) => void losses.push({ operation, ...(meanwhile && { meanwhile }) }),
    process: (...processed) => void counts.push(...processed),
    reset() {
      proxy.requests = []
      proxy.mode = "answer"
      losses = []
      counts = []
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
  return proxy
}

/** Leaves `count` keys or items in a batch. Returns the rest, as DynamoDB reports what it has not processed. */
function withhold(batch: Json | undefined, count: number | undefined) {
  if (!isObject(batch) || count === undefined) return undefined
  const [table = ""] = Object.keys(batch)
  const request = batch[table]
  if (Array.isArray(request)) return { UnprocessedItems: { [table]: request.splice(count) } }
  if (!isObject(request) || !Array.isArray(request.Keys)) throw new Error("A batch of keys or of items")
  return { UnprocessedKeys: { [table]: { ...request, Keys: request.Keys.splice(count) } } }
}

/** Passes on the headers that DynamoDB goes by. Nobody checks signatures here, so a changed body passes. */
async function ask(target: string, { headers }: IncomingMessage, body: Recorded["body"]) {
  const kept = ["authorization", "content-type", "x-amz-date", "x-amz-target"]
  const reply = await fetch(target, {
    method: "POST",
    headers: Object.fromEntries(kept.map((name) => [name, String(headers[name])])),
    body: JSON.stringify(body),
  })
  return { status: reply.status, text: await reply.text() }
}
