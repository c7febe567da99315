import {
  type Client,
  type Connection,
  createClient,
  LatchkeyProblem,
  type MemberConnection,
} from "../../../core/client/index.ts"
import type { Credentials } from "../session/credentials.ts"

/** A connection as whoever is signed in sees it. */
export type AnyConnection = Connection | MemberConnection

/** Whether it is shown whole: to admins and services. */
export const isFull = (connection: AnyConnection): connection is Connection => "version" in connection

/**
 * A client that does not give up where the API no longer takes the token: it gets the next one from the issuer and asks
 * again, else once somebody has signed in again. Nothing was done for a token that was not taken, so whatever it was can be
 * asked again.
 */
export function createApi(options: {
  baseUrl: string
  credentials: Pick<Credentials, "token" | "refreshed" | "signedIn">
  fetch?: typeof fetch
}): Client {
  const { baseUrl, credentials, fetch: send = fetch } = options
  return createClient({
    baseUrl,
    token: credentials.token,
    async fetch(input, init = {}) {
      const headers = new Headers(init.headers)
      let response = await send(input, init)
      for (const next of [credentials.refreshed, credentials.signedIn]) {
        if (response.status !== 401) return response
        const rejected = headers.get("authorization")?.replace("Bearer ", "") ?? ""
        const token = await next(rejected, init.signal ?? undefined)
        if (token === undefined) continue
        headers.set("authorization", `Bearer ${token}`)
        response = await send(input, { ...init, headers })
      }
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
