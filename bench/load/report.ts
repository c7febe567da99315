import { type Result, result } from "../results.ts"
import { requestsOf } from "./closed-loop.ts"
import type { LoadRun } from "./run.ts"
import { percentile, type Tally } from "./tally.ts"

const promises = {
  wrong: "wrong answers",
  serverErrors: "answers of 500 and above",
  unexpected: "answers of another status than expected, or none",
} as const satisfies Partial<Record<keyof Tally, string>>

type Kind = keyof typeof promises
const kinds = Object.keys(promises) as Kind[]

/** What was promised, and broken: in words, of all requests that were sent. */
export function broken({ before, measured }: LoadRun): Record<Kind, string[]> {
  const all = [...before, measured.tally]
  const of = (kind: Kind) => all.flatMap((tally) => tally[kind])
  return { wrong: of("wrong"), serverErrors: of("serverErrors"), unexpected: of("unexpected") }
}

export function loadResults(run: LoadRun): Result[] {
  const { tally, seconds } = run.measured
  const found = broken(run)
  const requests = requestsOf(tally)
  return [
    ...kinds.map((kind) => result(promises[kind], found[kind].length, "", 0)),
    result("callers at once", run.callers, ""),
    result("requests", requests, ""),
    result("rate", requests / seconds, "/s"),
    result("of these clears, for a rotation or without", (100 * tally.changes.length) / requests, "%"),
    result("references resolved", tally.references / seconds, "/s"),
    result("of these without asking a secret manager", (100 * tally.cached) / tally.references, "%"),
    ...times("resolve of 2 to 20 references", tally.resolves),
    ...times("clear", tally.changes),
    ...run.memory.start.flatMap((start, i) => [
      result(`memory of sandbox ${i + 1} at the start`, start, "MB"),
      result(`memory of sandbox ${i + 1} at the end`, run.memory.end[i] ?? Number.NaN, "MB"),
    ]),
  ]
}

const times = (name: string, samples: readonly number[]) => [
  result(`${name}: p50`, percentile(samples, 0.5), "ms"),
  result(`${name}: p99`, percentile(samples, 0.99), "ms"),
]
