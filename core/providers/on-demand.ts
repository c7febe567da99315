import { onDemand } from "../on-demand.ts"
import type { ProviderClient } from "./provider.ts"

/**
 * A provider's client, loaded when it is first asked for something: most resolves are answered by a cache.
 * @param can whether the client can `browse`; said here, since nobody knows before it is loaded
 */
export function clientOnDemand(
  open: () => Promise<ProviderClient>,
  can: { browse: boolean } = { browse: true },
): ProviderClient {
  const { browse, ...client } = onDemand<Required<ProviderClient>>(
    async () => ({ browse: cannotBrowse, ...(await open()) }),
    { check: true, fetch: true, browse: true },
  )
  return can.browse ? { ...client, browse } : client
}

async function cannotBrowse(): Promise<never> {
  throw new Error("This client cannot browse, but was announced as one that can.")
}
