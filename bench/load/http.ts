import { Agent, request } from "node:http"

export interface Call {
  url: string
  method: "POST" | "DELETE"
  headers: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  text: string
}

/** Longer than any answer may take. */
const timeoutMs = 30_000

/** Sends calls over connections that stay open: `fetch` would cost the machine more than what is measured. */
export function createHttp() {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  return {
    send({ url, method, headers, body = "" }: Call): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const length = { "content-length": String(Buffer.byteLength(body)) }
        const options = { method, agent, headers: { ...headers, ...length }, timeout: timeoutMs }
        const outgoing = request(url, options, (response) => {
          const chunks: Buffer[] = []
          response.on("data", (chunk: Buffer) => chunks.push(chunk))
          response.on("error", reject)
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          )
        })
        outgoing.on("timeout", () => outgoing.destroy(new Error(`No answer for ${timeoutMs / 1000} s.`)))
        outgoing.on("error", reject)
        outgoing.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

export type Http = ReturnType<typeof createHttp>
