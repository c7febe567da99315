import type { Network, NetworkOptions } from "./client.ts"

/** A network whose code is loaded with its first request: a resolve from the cache connects nowhere by it. */
export function networkOnDemand(options: NetworkOptions): Network {
  let loading: Promise<Network> | undefined
  const network = async () => {
    loading ??= import("./client.ts").then(({ createNetwork }) => createNetwork(options))
    return loading
  }
  return {
    client: (clientOptions) => (trust) => ({
      request: async (request) => (await network()).client(clientOptions)(trust).request(request),
    }),
    close: () => void loading?.then(({ close }) => close()),
  }
}
