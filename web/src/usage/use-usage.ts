import type { ReplyOf } from "../../../core/client/index.ts"
import { type Pages, usePages } from "../data/use-pages.ts"
import { useSession } from "../session/session.tsx"

/** A path that a project, or the platform itself, has resolved through a connection. */
export type Use = ReplyOf<"usage">["data"][number]

/** Paths that are read before somebody asks for more. */
const pathsAtOnce = 500

/** What has been resolved through a connection in the last 90 days; nothing is asked where none is named. */
export function useUsage(connectionId: string): Pages<Use> {
  const { client } = useSession()
  return usePages<Use>(
    connectionId,
    async (cursor, signal) =>
      connectionId === "" ? { data: [], next: null } : client.usage({ id: connectionId, cursor }, { signal }),
    pathsAtOnce,
  )
}
