import type { Client, ProviderInfo } from "../../../core/client/index.ts"
import { type AnyConnection, loadConnections } from "../data/api.ts"
import { useLoad } from "../data/use-load.ts"

/** What a picker needs of the API. */
export type PickerClient = Pick<Client, "listProviders" | "listConnections" | "browse" | "validate">

/** Where secrets may come from, for all pickers of a form. */
export interface SecretSource {
  client: PickerClient
  /** On whose behalf; absent: connections of the whole platform alone. */
  projectId: string | undefined
  /** Those that the project may use; absent while they load. */
  connections: readonly AnyConnection[] | undefined
  providers: readonly ProviderInfo[]
  error: unknown
  reload(): void
}

/** Loads what the project may use, once for all pickers that are given the result. */
export function useSecretSource({
  client,
  projectId,
}: {
  client: PickerClient
  projectId?: string | undefined
}): SecretSource {
  const { data, error, reload } = useLoad(`source ${projectId}`, async (signal) => {
    const [connections, providers] = await Promise.all([
      loadConnections(client, projectId, signal),
      client.listProviders({}, { signal }),
    ])
    return { connections: connections.filter((one) => mayUse(one, projectId)), providers: providers.data }
  })
  return {
    client,
    projectId,
    connections: data?.connections,
    providers: data?.providers ?? [],
    error,
    reload,
  }
}

/** An admin's list has more than a project may use. */
function mayUse({ scope, projectIds = [] }: AnyConnection, projectId: string | undefined): boolean {
  return scope === "PLATFORM" || (projectId !== undefined && projectIds.includes(projectId))
}
