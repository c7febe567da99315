import { Agent, request as open } from "node:http"
import { type LocalServer, listen, readBody } from "../../local/http-server.ts"

export interface Sent {
  /** As AWS' header names it: `DynamoDB_20120810.PutItem`. */
  operation: string
  body: Buffer
}

/** Stands before a server, keeps what is sent to it, stored or not, and cuts off what it is told to. */
export interface Recorder extends LocalServer {
  sent: Sent[]
  refuses: (request: Sent) => boolean
}

export async function startRecorder(target: string): Promise<Recorder> {
  const { hostname, port, host } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const state: Pick<Recorder, "sent" | "refuses"> = { sent: [], refuses: () => false }
  const server = await listen(async (request, response) => {
    const body = (await readBody(request, 64 * 1024 * 1024)) ?? Buffer.alloc(0)
    const asked = { operation: String(request.headers["x-amz-target"] ?? ""), body }
    state.sent.push(asked)
    if (state.refuses(asked)) return void request.socket.destroy()
    const { method, url: path, headers } = request
    const upstream = open(
      { agent, hostname, port, method, path, headers: { ...headers, host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    // Where the server behind cuts the connection, so does this one.
    upstream.on("error", () => response.destroy())
    response.on("close", () => upstream.destroy())
    upstream.end(body)
  })
  return Object.assign(state, {
    ...server,
    close: async () => {
      await server.close()
      agent.destroy()
    },
  })
}
