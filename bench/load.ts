/**
 * Loads the sandbox's API as highly as this machine can, and checks every answer: `npm run bench:load`, with `-- --seconds N`
 * for other than a minute, `-- --callers N` for so many at once instead of as many as it takes, and `-- --json` for programs. Exits with 1 where a promise does not hold. README.md says how.
 */
import { parseArgs } from "node:util"
import { broken, loadResults } from "./load/report.ts"
import { runLoad } from "./load/run.ts"
import type { Tally } from "./load/tally.ts"
import { machine, printTable } from "./results.ts"

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    callers: { type: "string" },
    json: { type: "boolean", default: false },
  },
})
const seconds = Number(options.seconds)
if (!(seconds >= 1 && seconds <= 3_600)) {
  console.error("--seconds must be a number from 1 to 3600.")
  process.exit(1)
}
const callers = options.callers === undefined ? undefined : Number(options.callers)
if (callers !== undefined && !(Number.isInteger(callers) && callers >= 1 && callers <= 1_000)) {
  console.error("--callers must be a whole number from 1 to 1000.")
  process.exit(1)
}

const progress = progressLine()
const run = await runLoad(seconds, { ...(callers && { callers }), onMeasuring: progress.show })
progress.end()

const results = loadResults(run)
const holds = results.every((one) => one.holds)
if (options.json) console.log(JSON.stringify({ machine, node: process.version, results }, null, 2))
else {
  console.log(`${machine}, Node ${process.version}`)
  printTable("The sandbox's API under load", results)
  console.log(holds ? "\nEvery promise holds." : "\nNot every promise holds.")
}
for (const words of Object.values(broken(run)).flat().slice(0, 10)) console.error(`  ${words}`)
process.exit(holds ? 0 : 1)

/** For whoever sits before a terminal: a line that is written over every second. */
function progressLine() {
  let timer: NodeJS.Timeout | undefined
  const show = ({ resolves, changes, wrong }: Tally) => {
    if (!process.stderr.isTTY) return
    const start = performance.now()
    timer = setInterval(() => {
      const passed = Math.round((performance.now() - start) / 1000)
      const requests = resolves.length + changes.length
      const rate = Math.round(requests / passed)
      process.stderr.write(`\r${passed} s: ${requests} requests, ${rate}/s, ${wrong.length} wrong `)
    }, 1000)
  }
  const end = () => {
    clearInterval(timer)
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K")
  }
  return { show, end }
}
