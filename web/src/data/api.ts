import {
  type Client,
  type Connection,
  createClient,
  LatchkeyProblem,
  type MemberConnection,
} from "../../../core/client/index.ts"

/** A connection as whoever is signed in sees it. */
export type AnyConnection = Connection | MemberConnection

/** Whether it is shown whole: to admins and services. */
export const isFull = (connection: AnyConnection): connection is Connection => "version" in connection

/** A client that tells when the API no longer takes the token. */
export function createApi(options: {
  baseUrl: string
  token: () => string
  onSessionEnded: () => void
}): Client {
  return createClient({
    baseUrl: options.baseUrl,
    token: options.token,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (response.status === 401) options.onSessionEnded()
      return response
    },
  })
}

/** All that the caller sees. One request, unless there is more than one answer may hold. */
export async function loadConnections(
  client: Pick<Client, "listConnections">,
  projectId: string | undefined,
  signal: AbortSignal,
): Promise<AnyConnection[]> {
  const all: AnyConnection[] = []
  let cursor: string | undefined
  do {
    const page = await client.listConnections({ projectId, cursor }, { signal })
    all.push(...page.data)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return all
}

export const isProblem = (error: unknown, code: LatchkeyProblem["code"]): error is LatchkeyProblem =>
  error instanceof LatchkeyProblem && error.code === code
