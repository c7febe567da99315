import type { NewConnection } from "../../core/contract/operations/new-connection.ts"
import type { AwsDeployment } from "../../core/providers/aws/deployment.ts"
import type { ProviderId } from "../../core/providers/registry.ts"

/** Requests to a secret manager, by what they are for. */
export interface Calls {
  logins: number
  /** Whatever is neither a login nor a read: which engine a mount has, which id a title. */
  lookups: number
  /** Requests that give secrets, however many each. */
  reads: number
}

/** A sandbox server with secrets by number, which tells how often it was asked, and by what a naive client asks it. */
export interface CountedServer {
  /** What reaches it. */
  connection: Pick<NewConnection, "providerId" | "config">
  /** Where the secret of this number is in a connection, and what is there. */
  path(number: number): string
  value(number: number): string
  /** Requests since they were last asked for. */
  takeCalls(): Calls
  /**
   * The most that a resolve of these many distinct secrets may ask, none of them cached. `known`: the connection has a
   * session that an earlier resolve began.
   */
  budget(secrets: number, known: boolean): Calls
  /** Reads one secret as whoever thinks of one at a time: with a login of its own, and every name looked up. */
  readNaively(number: number): Promise<void>
  stop(): Promise<void>
  /** What the deployment has to say about AWS, where that matters. */
  aws?: AwsDeployment
}

export interface ServerOptions {
  /** How many secrets it has. */
  secrets: number
  /** Whose connection will read them. */
  platformId: string
}

export interface SecretManager {
  providerId: ProviderId
  start(options: ServerOptions): Promise<CountedServer>
}

interface Recorded {
  count(operation?: string): number
  reset(): void
}

/** What a server recorded since the last time, told apart by the names of its operations. */
export function takeCalls(requests: Recorded, logins: readonly string[], reads: readonly string[]): Calls {
  const count = (names: readonly string[]) => names.reduce((sum, name) => sum + requests.count(name), 0)
  const calls = { logins: count(logins), reads: count(reads), lookups: 0 }
  calls.lookups = requests.count() - calls.logins - calls.reads
  requests.reset()
  return calls
}

/** The body of an answer. @throws Error for any status but 2xx: what a naive client costs counts only if it works */
export async function answerTo(request: Promise<Response>): Promise<string> {
  const response = await request
  if (!response.ok) throw new Error(`The sandbox answered ${response.status} to the naive client.`)
  return response.text()
}
