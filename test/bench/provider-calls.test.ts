import { afterAll, beforeAll, expect, test } from "vitest"
import { type Deployment, deploy } from "../../bench/deployment.ts"
import { countProviderCalls, providerCallResults } from "../../bench/provider-calls.ts"

let deployment: Deployment

beforeAll(async () => {
  deployment = await deploy()
})

afterAll(() => deployment.stubs.stop())

test("no secret manager is asked more often than its references need, whether anything is known yet or not", async () => {
  const results = providerCallResults(await countProviderCalls(deployment))
  expect(results.filter(({ holds }) => !holds)).toEqual([])
  expect(results.filter(({ budget }) => budget !== null).length).toBeGreaterThan(100)
}, 120_000)
