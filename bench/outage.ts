import { type Deployment, resolve } from "./deployment.ts"
import { median } from "./measure.ts"
import { type Result, result } from "./results.ts"

const samples = 7
const first = 200_000

/**
 * What a Redis that accepts requests and answers none adds to a resolve that needs it, against the same resolve while
 * Redis is well: the first of an instance waits for the time-out, the next finds the breaker open.
 */
export async function outage(deployment: Deployment): Promise<Result[]> {
  const { stubs } = deployment
  await stubs.putSecrets(first, samples * 4)
  let next = first
  const well: number[] = []
  const firstTime: number[] = []
  const after: number[] = []
  for (let sample = 0; sample < samples; sample++) {
    const instance = deployment.newInstance()
    const miss = async () => {
      const start = performance.now()
      await resolve(instance, deployment.valueWith(1, next++))
      return performance.now() - start
    }
    await miss()
    well.push(await miss())
    await stubs.loseRedis(true)
    firstTime.push(await miss())
    after.push(await miss())
    await stubs.loseRedis(false)
  }
  const added = (times: readonly number[]) => Math.max(0, median(times) - median(well))
  return [
    result("Redis gone: added to the first resolve", added(firstTime), "ms", 300),
    result("Redis gone: added once the breaker is open", added(after), "ms", 3),
  ]
}
