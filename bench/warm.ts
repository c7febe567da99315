import { BatchGetItemCommand } from "@aws-sdk/client-dynamodb"
import { dynamoAuditStore } from "../core/audit/dynamodb-audit.ts"
import { newRequestId } from "../core/ids.ts"
import { upstashRedis } from "../core/redis/upstash.ts"
import { type Deployment, resolve, service } from "./deployment.ts"
import { interleaved } from "./measure.ts"
import { naiveClient } from "./naive.ts"
import { type Result, result } from "./results.ts"
import { pathOf } from "./secrets.ts"

/** More than the memory tier holds, so that walking through them in circles always finds Redis and never memory. */
const cached = 12_000
const rounds = 250

/** A warm instance by tier and number of references, beside the round trips alone that it cannot do without. */
export async function warm(deployment: Deployment): Promise<Result[]> {
  const { stubs } = deployment
  const cases = await casesOf(deployment)
  const results: Result[] = []
  for (const delay of [1, 0]) {
    await stubs.delay(delay)
    for (let round = 0; round < cached / 20; round++) await cases.redis20()
    await interleaved(cases, 50)
    const ms = await interleaved(cases, rounds)
    const stubsAre = delay > 0 ? `stubs of ${delay} ms delay` : "stubs without delay"
    const line = (name: string, value: number, unit: string, budget?: number) =>
      results.push(result(`${name}, ${stubsAre}`, value, unit, budget))

    line("one Redis round trip", ms("redisTrip"), "ms")
    line("one DynamoDB round trip", ms("dynamoTrip"), "ms")
    for (const n of [1, 20, 200] as const) {
      line(`resolve of ${n} from memory`, ms(`memory${n}`), "ms")
      line(`resolve of ${n} from Redis`, ms(`redis${n}`), "ms")
    }
    line(
      "resolve of 20 from Redis ÷ its round trips alone",
      ms("redis20") / ms("redisAlone"),
      "x",
      delay ? 1.25 : 1.5,
    )
    line(
      "resolve of 20 from memory ÷ its round trips alone",
      ms("memory20") / ms("memoryAlone"),
      "x",
      delay ? 1.15 : undefined,
    )
    line("resolve of 200 ÷ resolve of 20, from memory", ms("memory200") / ms("memory20"), "x", 4)
    line("a naive client's 20 from its cache ÷ resolve of 20 from Redis", ms("naive20") / ms("redis20"), "x")
  }
  await stubs.delay(0)
  return results
}

async function casesOf(deployment: Deployment) {
  const { dynamodb, stubs, connectionId } = deployment
  const names = await deployment.cache(cached)
  const fromMemory = deployment.newInstance()
  const fromRedis = deployment.newInstance()
  await resolve(fromMemory, deployment.valueWith(200))

  const redis = upstashRedis({ url: stubs.url, token: "bench", timeoutMs: 1_000 })
  let next = 0
  /** Where the next unused secrets begin. */
  const take = (count: number) => {
    if (next + count > cached) next = 0
    next += count
    return next - count
  }
  const key = (sk: string) => ({ pk: { S: service.platformId }, sk: { S: sk } })
  const keys = [key("platform"), key(`connection#${connectionId}`)]
  const auditStore = dynamoAuditStore({ client: dynamodb, table: "audit", retentionDays: 400 })
  const event = {
    platformId: service.platformId,
    actor: service.subject,
    action: "secret.resolve",
    connectionId,
    paths: Array.from({ length: 20 }, (_, i) => ({ path: pathOf(i), count: 1 })),
    item: 0,
  } as const

  const readTrip = () =>
    dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { connections: { Keys: keys, ConsistentRead: true } } }),
    )
  const putTrip = () =>
    auditStore.append({ ...event, paths: [...event.paths], requestId: newRequestId(), at: Date.now() })
  const redisTrip = (count: number) => {
    const first = take(count)
    return redis.pipeline([["MGET", ...names.slice(first, first + count)]])
  }
  const memory = (count: number) => {
    const value = deployment.valueWith(count)
    return () => resolve(fromMemory, value)
  }
  const other = (count: number) => () => resolve(fromRedis, deployment.valueWith(count, take(count)))
  const naive = naiveClient(deployment)
  // For the naive client; and where a busy machine keeps Redis from answering in time, a sample is late, no more.
  await stubs.putSecrets(0, cached)

  return {
    redisTrip: () => redisTrip(20),
    dynamoTrip: readTrip,
    memoryAlone: () => Promise.all([readTrip(), putTrip()]),
    redisAlone: () => Promise.all([readTrip(), redisTrip(20), putTrip()]),
    memory1: memory(1),
    memory20: memory(20),
    memory200: memory(200),
    redis1: other(1),
    redis20: other(20),
    redis200: other(200),
    naive20: () => naive(20),
  }
}
