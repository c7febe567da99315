import { Agent, request as open } from "node:http"
import { type LocalServer, listen, readBody } from "../../local/http-server.ts"

/** Stands before a server and keeps what is sent to it: everything that leaves, stored or not. */
export interface Recorder extends LocalServer {
  /** The requests' bodies, with the operation that AWS' header names. */
  sent: { operation: string; body: Buffer }[]
}

export async function startRecorder(target: string): Promise<Recorder> {
  const { hostname, port, host } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const sent: Recorder["sent"] = []
  const server = await listen(async (request, response) => {
    const body = (await readBody(request, 64 * 1024 * 1024)) ?? Buffer.alloc(0)
    sent.push({ operation: String(request.headers["x-amz-target"] ?? ""), body })
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
  return {
    ...server,
    sent,
    close: async () => {
      await server.close()
      agent.destroy()
    },
  }
}
