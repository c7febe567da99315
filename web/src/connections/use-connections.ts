import type { ProviderInfo } from "../../../core/client/index.ts"
import { type AnyConnection, loadConnections } from "../data/api.ts"
import { type Loaded, useLoad } from "../data/use-load.ts"
import { useSession } from "../session/session.tsx"

/** The providers that can be connected. */
export function useProviders(): Loaded<ProviderInfo[]> {
  const { client } = useSession()
  return useLoad("providers", async (signal) => (await client.listProviders({}, { signal })).data)
}

/** The connections open to a project; without one all that the viewer sees. None are asked for on behalf of nobody. */
export function useConnections(projectId: string | undefined, wanted = true): Loaded<AnyConnection[]> {
  const { client } = useSession()
  return useLoad(`${wanted} ${projectId}`, async (signal) =>
    wanted ? loadConnections(client, projectId, signal) : [],
  )
}
