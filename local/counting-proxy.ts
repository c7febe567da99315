import { Agent, type IncomingMessage, request as open, type ServerResponse } from "node:http"
import { type Counter, createCounter } from "./counter.ts"
import { awsOperation, type Faults, noFaults, withFaults } from "./faults.ts"
import { type LocalServer, listen } from "./http-server.ts"

export interface CountingProxy extends LocalServer {
  /** By AWS operation, else by path. */
  requests: Counter
  faults: Faults
}

/**
 * Stands before a server of another process (DynamoDB Local, moto, a bench's stub), counts what passes, and can delay,
 * drop or never answer it. Bodies stream through, connections are kept on both sides.
 *
 * @param target - `http://host:port`; it sees its own name as `Host`, so one that verifies AWS signatures refuses
 */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port, host } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const requests = createCounter()
  const faults = noFaults()

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const upstream = open(
      {
        agent,
        hostname,
        port,
        method: request.method,
        path: request.url,
        headers: { ...request.headers, host },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
        answer.on("error", () => response.destroy())
      },
    )
    upstream.on("error", () => response.destroy())
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy()
    })
    request.pipe(upstream)
  }

  const server = await listen(withFaults(forward, { faults, counter: requests, nameOf: awsOperation }))
  return {
    ...server,
    requests,
    faults,
    close: async () => {
      await server.close()
      agent.destroy()
    },
  }
}
