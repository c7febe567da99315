/**
 * Measures Latchkey against the budgets of its design: `npm run bench`, and with `-- --json` for programs. Exits with 1 where
 * a budget does not hold. README.md says how it is measured and how to read it.
 */
import { handlerChain } from "./chain.ts"
import { cold } from "./cold.ts"
import { ownCpu } from "./cpu.ts"
import { deploy } from "./deployment.ts"
import { memory } from "./memory.ts"
import { outage } from "./outage.ts"
import { countProviderCalls, providerCallResults } from "./provider-calls.ts"
import { printProviderCalls } from "./provider-calls-table.ts"
import { machine, printTable, type Result } from "./results.ts"
import { roundTrips } from "./round-trips.ts"
import { warm } from "./warm.ts"

const asJson = process.argv.includes("--json")
const deployment = await deploy()
const results: Result[] = []

async function providerCalls(): Promise<void> {
  const report = await countProviderCalls(deployment)
  results.push(...providerCallResults(report))
  if (!asJson) printProviderCalls(report)
}

async function section(title: string, work: () => Promise<Result[]>): Promise<void> {
  const measured = await work()
  results.push(...measured)
  if (!asJson) printTable(title, measured)
}

if (!asJson) console.log(`${machine}, Node ${process.version}`)
await section("Who is asked how often", () => roundTrips(deployment))
await providerCalls()
await section("Warm", () => warm(deployment))
await section("Latchkey's own work", async () => [...(await ownCpu()), ...(await handlerChain())])
await section("Cold", () => cold(deployment))
await section("Redis gone", () => outage(deployment))
await section("Memory", memory)
deployment.stubs.stop()

const exceeded = results.filter(({ holds }) => !holds)
if (asJson) console.log(JSON.stringify({ machine, node: process.version, results }, null, 2))
else if (exceeded.length === 0) console.log("\nEvery budget holds.")
else printTable(`Budgets that do not hold: ${exceeded.length}`, exceeded)
process.exit(exceeded.length === 0 ? 0 : 1)
