import type { Principal } from "../core/auth/principal.ts"
import { newRequestId } from "../core/ids.ts"
import type { Latchkey } from "../core/latchkey.ts"
import type { AwsDeployment } from "../core/providers/aws/deployment.ts"
import { upstashRedis } from "../core/redis/upstash.ts"
import { type Deployment, service } from "./deployment.ts"
import { type Result, result } from "./results.ts"
import { secretManagers } from "./secret-managers/all.ts"
import type { Calls, SecretManager } from "./secret-managers/secret-manager.ts"

/** How many references, and to how many distinct secrets. */
const cases = [
  { references: 1, secrets: 1 },
  { references: 20, secrets: 20 },
  { references: 200, secrets: 200 },
  { references: 200, secrets: 20 },
] as const

const mostSecrets = Math.max(...cases.map(({ secrets }) => secrets))
/** How many each of two instances asks for that begin at the same time. */
const atOnce = 20

/** What one number of references to one secret manager costs. */
export interface ProviderCalls {
  providerId: string
  references: number
  secrets: number
  /** The first resolve of a new connection: nothing is known. */
  first: Counted
  /** The same after a clear, by another instance, which knows what the first has left in Redis. */
  again: Counted
  /** All calls of a client that reads each reference for itself. */
  naive: number
}

export interface Counted {
  calls: Calls
  budget: Calls
}

export interface ProviderCallsReport {
  rows: ProviderCalls[]
  /** Logins of two instances that resolve different secrets of a new connection at the same time. */
  loginsAtOnce: { providerId: string; logins: number; budget: number }[]
}

/** How often each secret manager is asked, counted by the sandbox's servers; every answer is checked. */
export async function countProviderCalls(deployment: Deployment): Promise<ProviderCallsReport> {
  const report: ProviderCallsReport = { rows: [], loginsAtOnce: [] }
  for (const secretManager of secretManagers) {
    const subject = await startSubject(deployment, secretManager)
    for (const { references, secrets } of cases) report.rows.push(await count(subject, references, secrets))
    report.loginsAtOnce.push(await countLoginsAtOnce(subject))
    await subject.stop()
  }
  return report
}

export function providerCallResults({ rows, loginsAtOnce }: ProviderCallsReport): Result[] {
  return [
    ...rows.flatMap(({ providerId, references, secrets, first, again, naive }) => {
      const what = `${providerId}, ${references} references to ${secrets} secrets`
      return [
        ...resultsOf(`${what}, nothing known`, first),
        ...resultsOf(`${what}, after a clear, by another instance`, again),
        result(`${what}, by a naive client: calls`, naive, "calls"),
      ]
    }),
    ...loginsAtOnce.map(({ providerId, logins, budget }) =>
      result(`${providerId}, two new instances at once: logins`, logins, "calls", budget),
    ),
  ]
}

function resultsOf(what: string, { calls, budget }: Counted): Result[] {
  const kinds = ["logins", "lookups", "reads"] as const
  return kinds.map((kind) => result(`${what}: ${kind}`, calls[kind], "calls", budget[kind]))
}

type Subject = Awaited<ReturnType<typeof startSubject>>

/** A secret manager, and a platform of its own, since one may not create more than so many connections a minute. */
async function startSubject(deployment: Deployment, { providerId, start }: SecretManager) {
  const platformId = `bench-${providerId}`
  const server = await start({ secrets: mostSecrets, platformId })
  const principal: Principal = { ...service, platformId }
  const admin: Principal = { ...principal, type: "USER", role: "ADMIN" }
  return {
    ...server,
    providerId,
    newInstance: () => newInstance(deployment, server.aws),
    clear: (latchkey: Latchkey, connectionId: string) =>
      latchkey.clear(callerOf(latchkey, admin), connectionId),

    async connect(latchkey: Latchkey): Promise<string> {
      const connection = { ...server.connection, name: "Bench", scope: "PLATFORM" } as const
      return (await latchkey.connections.create(callerOf(latchkey, admin), connection)).id
    },

    /** Resolves references to secrets from `first` on, as many as there are, in turns; and sees that it is those. */
    async resolve(latchkey: Latchkey, connectionId: string, references: number, secrets: number, first = 0) {
      const numbers = Array.from({ length: references }, (_, i) => first + (i % secrets))
      const { value } = await latchkey.resolve({
        ...callerOf(latchkey, principal),
        value: numbers.map((number) => `{{secret://${connectionId}/${server.path(number)}}}`),
        onError: "fail",
        reply: { bytes: 4 * 1024 * 1024, enveloped: true },
      })
      if (JSON.stringify(value) !== JSON.stringify(numbers.map(server.value)))
        throw new Error(`${providerId}: a resolve of ${references} gave other values than the sandbox has.`)
    },
  }
}

async function count(subject: Subject, references: number, secrets: number): Promise<ProviderCalls> {
  const { newInstance, connect, clear, resolve, takeCalls, readNaively } = subject
  const [one, other] = [newInstance(), newInstance()]
  const connectionId = await connect(one)
  takeCalls()
  await resolve(one, connectionId, references, secrets)
  const first = takeCalls()
  await clear(one, connectionId)
  await resolve(other, connectionId, references, secrets)
  const again = takeCalls()
  await Promise.all(Array.from({ length: references }, (_, i) => readNaively(i % secrets)))
  const naive = takeCalls()

  return {
    providerId: subject.providerId,
    references,
    secrets,
    first: { calls: first, budget: subject.budget(secrets, false) },
    again: { calls: again, budget: subject.budget(secrets, true) },
    naive: naive.logins + naive.lookups + naive.reads,
  }
}

async function countLoginsAtOnce(subject: Subject) {
  const { providerId, newInstance, connect, resolve, takeCalls } = subject
  const instances = [newInstance(), newInstance()]
  const connectionId = await connect(newInstance())
  takeCalls()
  await Promise.all(
    instances.map((instance, i) => resolve(instance, connectionId, atOnce, atOnce, i * atOnce)),
  )
  return { providerId, logins: takeCalls().logins, budget: subject.budget(atOnce, false).logins }
}

/** A deployment cannot be told where AWS is; and on a busy machine a Redis that is late must not count as one that is gone. */
function newInstance({ newInstance, stubs }: Deployment, aws: AwsDeployment | undefined): Latchkey {
  const redis = upstashRedis({ url: stubs.url, token: "bench", timeoutMs: 5_000 })
  return newInstance({ redis, ...(aws && { aws }) })
}

function callerOf(latchkey: Latchkey, principal: Principal) {
  return {
    principal,
    requestId: newRequestId(),
    audit: latchkey.audit.request(),
    signal: new AbortController().signal,
  }
}
