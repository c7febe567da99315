import type { IncomingMessage, ServerResponse } from "node:http"
import dynalite from "dynalite"
import { type Counter, createCounter } from "./counter.ts"
import { awsOperation, type Faults, noFaults, withFaults } from "./faults.ts"
import { type LocalServer, listen } from "./http-server.ts"

export interface DynamoDbServer extends LocalServer {
  /** By operation. */
  requests: Counter
  faults: Faults
}

/**
 * DynamoDB for one machine: dynalite over LevelDB. Each write reaches the operating system before it is answered, so
 * what was acknowledged survives the death of this process, though not of the machine.
 *
 * @param options.folder - where the data is kept; in memory without it
 */
export async function startDynamoDb(
  options: { folder?: string; port?: number } = {},
): Promise<DynamoDbServer> {
  const { folder, port = 0 } = options
  const store = dynalite({ createTableMs: 0, ...(folder !== undefined && { path: folder }) })
  // Its listener alone is used, behind our own server: dynalite's answers any web page that asks.
  const [handle] = store.listeners("request") as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[]
  if (handle === undefined) throw new Error("dynalite has no request listener")
  store.removeAllListeners("request")

  function listener(request: IncomingMessage, response: ServerResponse): void {
    handle?.(request, response)
    // dynalite throws what a client's abort emits here, which would end the process.
    request.removeAllListeners("error").on("error", () => response.destroy())
  }

  const requests = createCounter()
  const faults = noFaults()
  const server = await listen(withFaults(listener, { faults, counter: requests, nameOf: awsOperation }), {
    port,
  })
  return {
    ...server,
    requests,
    faults,
    close: async () => {
      await server.close()
      await closeStore(store)
    },
  }
}

/** Closing dynalite's server closes its database, but only if the server has listened. */
async function closeStore(store: ReturnType<typeof dynalite>): Promise<void> {
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve))
  await new Promise<void>((resolve) => store.close(() => resolve()))
}
