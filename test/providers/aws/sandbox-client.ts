import { onTestFinished } from "vitest"
import { systemClock } from "../../../core/clock.ts"
import { createNetwork } from "../../../core/network/client.ts"
import type { AwsDeployment } from "../../../core/providers/aws/deployment.ts"
import { aws } from "../../../core/providers/aws/index.ts"
import type { Provider } from "../../../core/providers/provider.ts"
import { type AwsServer, startAws } from "../../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../../local/secret-managers/aws/state.ts"
import { testDeps } from "../deps.ts"

export const allow = (...actions: string[]): Policy => ({
  Statement: [
    { Effect: "Allow", Action: actions.map((action) => `secretsmanager:${action}`), Resource: "*" },
  ],
})

export async function sandbox(): Promise<AwsServer> {
  const server = await startAws()
  onTestFinished(() => server.stop())
  return server
}

/** A connection to the sandbox's AWS: what it depends on, and the reasons or values of what it fetches. */
export function connection(
  server: AwsServer,
  config: Record<string, unknown>,
  deployment: AwsDeployment = { allowEndpoint: true },
  provider: Provider = aws,
) {
  const network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: { ...systemClock, sleep: async () => {} },
  })
  onTestFinished(() => network.close())
  const deps = {
    ...testDeps(network.client({ platformId: "acme", connectionKey: "test" })),
    aws: deployment,
  }
  const atAws = "roleArn" in config || deployment.endpoint !== undefined
  const where = { region: "us-east-1", ...(!atAws && { endpoint: server.url }) }
  const client = provider.open(provider.config().parse({ ...where, ...config }), deps)
  const { signal } = new AbortController()
  return {
    deps,
    client,
    check: () => client.check(signal),
    async fetch(...documents: string[]) {
      const results = await client.fetch(documents, signal)
      return documents.map((document) => {
        const result = results.get(document)
        if (!result) throw new Error(`No result for ${document}`)
        return result.ok ? result.content : result.error.reason
      })
    },
  }
}
