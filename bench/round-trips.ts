import { newRequestId } from "../core/ids.ts"
import type { Latchkey } from "../core/latchkey.ts"
import { type Deployment, resolve, service } from "./deployment.ts"
import { naiveClient } from "./naive.ts"
import { type Result, result } from "./results.ts"
import type { Counts } from "./stub-process.ts"

const references = 20
/** A range of secrets that nothing else in the bench touches. */
const first = 100_000

/** The budgets of a resolve of 20 references to one connection to Vault. How many commands a round trip carries has none. */
const budgets: Record<"memory" | "redis" | "miss", Partial<Counts>> = {
  memory: { dynamoReads: 1, dynamoWrites: 1, redisRequests: 0, kms: 0, provider: 0 },
  redis: { dynamoReads: 1, dynamoWrites: 1, redisRequests: 1, kms: 0, provider: 0 },
  // Written: what was asked for, and what became of it. Redis: a read, the leases, the entries. Vault: each path.
  miss: { dynamoReads: 1, dynamoWrites: 2, redisRequests: 3, kms: 0, provider: references },
}

const names: Record<keyof Counts, string> = {
  dynamoReads: "DynamoDB reads",
  dynamoWrites: "DynamoDB writes",
  redisRequests: "Redis round trips",
  redisCommands: "Redis commands",
  kms: "KMS calls",
  provider: "provider calls",
}

/** Who is asked how often for a resolve of 20, beside what a naive client does; and by 100 callers at once. */
export async function roundTrips(deployment: Deployment): Promise<Result[]> {
  const { stubs } = deployment
  await stubs.putSecrets(first, references + 1)
  const value = deployment.valueWith(references, first)
  const instance = deployment.newInstance()
  const other = deployment.newInstance()
  await resolve(instance, value)
  await resolve(other, value)

  const counted = async (work: () => Promise<unknown>) => {
    await stubs.takeCounts()
    await work()
    return stubs.takeCounts()
  }
  const memory = await counted(() => resolve(instance, value))
  // A clear makes everything a miss, while keys, session and mount stay known.
  await clear(instance, deployment)
  const miss = await counted(() => resolve(instance, value))
  const redis = await counted(() => resolve(other, value))
  const naive = naiveClient(deployment)
  const naiveMiss = await counted(() => naive(references, first))
  const naiveHit = await counted(() => naive(references, first))

  await clear(instance, deployment)
  const one = deployment.valueWith(1, first + references)
  const crowd = await counted(() => Promise.all(Array.from({ length: 100 }, () => resolve(instance, one))))

  const lines = (what: string, counts: Counts, budget?: Partial<Counts>) =>
    (Object.keys(names) as (keyof Counts)[]).map((name) =>
      result(`${what}: ${names[name]}`, counts[name], "calls", budget?.[name]),
    )
  return [
    ...lines("resolve of 20 from memory", memory, budgets.memory),
    ...lines("resolve of 20 from Redis", redis, budgets.redis),
    ...lines("resolve of 20 that miss", miss, budgets.miss),
    ...lines("a naive client's 20 from its cache", naiveHit),
    ...lines("a naive client's 20 that miss", naiveMiss),
    result("100 concurrent identical misses on one instance: provider calls", crowd.provider, "calls", 1),
  ]
}

function clear(latchkey: Latchkey, { connectionId }: Deployment): Promise<void> {
  const caller = {
    principal: { ...service, type: "USER", role: "ADMIN" } as const,
    requestId: newRequestId(),
    audit: latchkey.audit.request(),
    signal: new AbortController().signal,
  }
  return latchkey.clear(caller, connectionId)
}
