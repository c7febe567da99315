import { existsSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"

/** The part of SST's command line that its components talk to while they are evaluated. */
export interface Rpc {
  url: string
  close(): Promise<void>
}

interface BuildInput {
  functionID: string
  bundle?: string
  handler: string
}

const methods: Record<string, (input: never) => unknown> = {
  "Provider.Aws.Bootstrap": () => ({
    asset: "sst-asset",
    assetEcrRegistryId: "123456789012",
    assetEcrUrl: "123456789012.dkr.ecr.us-east-1.amazonaws.com/sst-asset",
    state: "sst-state",
  }),
  "Provider.Aws.Appsync": () => ({ http: "appsync.example.com", realtime: "appsync.example.com" }),
  // `sst dev` runs it on the developer's machine.
  "Runtime.AddTarget": () => true,
  "Runtime.Build": ({ functionID, bundle, handler }: BuildInput) => {
    // As SST does with a function that is bundled already: takes it as it is.
    const file = handler.replace(/\.handler$/, ".cjs")
    const errors =
      bundle !== undefined && existsSync(join(bundle, file))
        ? []
        : [`${functionID} has no bundle with ${file}`]
    return { handler, out: bundle, errors, sourcemaps: [] }
  },
}

/** Answers as SST's own server does, JSON-RPC by HTTP, on a free port of 127.0.0.1. */
export async function startRpc(): Promise<Rpc> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString())
    const answer = methods[method]
    const reply = answer
      ? { result: answer(params[0] as never) }
      : { error: `rpc: can't find method ${method}` }
    response.setHeader("content-type", "application/json").end(JSON.stringify(reply))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
