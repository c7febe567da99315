/**
 * Loads the sandbox's API as highly as this machine can, and checks every answer: `npm run bench:load`, with `-- --seconds N`
 * for other than a minute, and `-- --json` for programs. Exits with 1 where a promise does not hold. README.md says how.
 */
import { parseArgs } from "node:util"
import { startBacking } from "./load/backing-process.ts"
import { drive, findCallers, requestsOf } from "./load/closed-loop.ts"
import { createHttp } from "./load/http.ts"
import { createModel } from "./load/model.ts"
import { startSandboxes } from "./load/sandboxes.ts"
import { newTally, percentile, type Tally } from "./load/tally.ts"
import { createTenants } from "./load/tenants.ts"
import { createTraffic } from "./load/traffic.ts"
import { machine, printTable, type Result, result } from "./results.ts"

const { values: options } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, json: { type: "boolean", default: false } },
})
const seconds = Number(options.seconds)
if (!(seconds >= 1 && seconds <= 3_600)) throw new RangeError("--seconds must be a number from 1 to 3600.")

const platformIds = ["acme", "globex"]
const [instances, connections, secrets] = [2, 4, 200]

const backing = await startBacking(platformIds)
const sandboxes = await startSandboxes(instances, backing.environment)
const http = createHttp()
process.once("SIGINT", () => void stop().then(() => process.exit(130)))
const tenants = await createTenants({ platformIds, connections, secrets, sandboxes, backing, http })
const platforms = new Map(
  tenants.map((tenant) => [tenant.platformId, tenant.connections.map(({ id }) => id)]),
)
const model = createModel({ platforms, secrets })
const request = createTraffic({ apis: sandboxes.apis, tenants, secrets, model, backing, http })

// An eighth of the time finds how many callers it takes; the rest is what is told.
const { callers, stretches } = await findCallers(request, seconds / 8 / 6)
const spent = stretches.reduce((sum, stretch) => sum + stretch.seconds, 0)
const memoryBefore = await sandboxes.memory()
const tally = newTally()
const progress = showProgress(tally)
const measured = await drive(request, { callers, seconds: Math.max(1, seconds - spent), tally })
progress.end()
const memoryAfter = await sandboxes.memory()
await stop()

const all = [...stretches.map((stretch) => stretch.tally), tally]
const results = resultsOf()
const kept = results.every(({ holds }) => holds)
if (options.json) console.log(JSON.stringify({ machine, node: process.version, results }, null, 2))
else {
  console.log(`${machine}, Node ${process.version}`)
  printTable(`${instances} sandboxes under load`, results)
  console.log(`\n${kept ? "Every promise holds." : "A promise does not hold:"}`)
}
for (const list of [...found("wrong"), ...found("serverErrors"), ...found("unexpected")].slice(0, 10))
  console.error(`  ${list}`)
process.exit(kept ? 0 : 1)

function resultsOf(): Result[] {
  const count = (kind: Kind) => found(kind).length
  const times = (name: string, samples: readonly number[]) => [
    result(`${name}: p50`, percentile(samples, 0.5), "ms"),
    result(`${name}: p99`, percentile(samples, 0.99), "ms"),
  ]
  return [
    result("wrong answers", count("wrong"), "", 0),
    result("answers of 500 and above", count("serverErrors"), "", 0),
    result("answers of another status than expected, or none", count("unexpected"), "", 0),
    result("callers at once", callers, ""),
    result("requests", requestsOf(tally), ""),
    result("rate", requestsOf(tally) / measured.seconds, "/s"),
    result(
      "of these clears, for rotations and without",
      (100 * tally.changes.length) / requestsOf(tally),
      "%",
    ),
    result("references resolved", tally.references / measured.seconds, "/s"),
    result("of these without asking a secret manager", (100 * tally.cached) / tally.references, "%"),
    ...times("resolve of 2 to 20 references", tally.resolves),
    ...times("clear", tally.changes),
    ...memoryBefore.flatMap((before, i) => [
      result(`memory of sandbox ${i + 1} at the start`, before, "MB"),
      result(`memory of sandbox ${i + 1} at the end`, memoryAfter[i] ?? Number.NaN, "MB"),
    ]),
  ]
}

type Kind = "wrong" | "serverErrors" | "unexpected"

function found(kind: Kind): string[] {
  return all.flatMap((one) => one[kind])
}

async function stop(): Promise<void> {
  http.close()
  await sandboxes.stop()
  backing.stop()
}

/** A line that is written over every second, for whoever sits before it. */
function showProgress({ resolves, changes, wrong }: Tally): { end(): void } {
  if (!process.stderr.isTTY) return { end() {} }
  const start = performance.now()
  const timer = setInterval(() => {
    const passed = (performance.now() - start) / 1000
    const requests = resolves.length + changes.length
    process.stderr.write(
      `\r${Math.round(passed)} s: ${requests} requests, ${Math.round(requests / passed)}/s, ${wrong.length} wrong  `,
    )
  }, 1000)
  return {
    end() {
      clearInterval(timer)
      process.stderr.write("\r\u001b[K")
    },
  }
}
