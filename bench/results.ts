import { arch, cpus, platform, release, totalmem } from "node:os"

/** One line of what was measured. */
export interface Result {
  name: string
  value: number
  unit: string
  /** The most it may be; null where it only stands beside others for comparison. */
  budget: number | null
  holds: boolean
}

/** A measured value, with the most it may be. Values are rounded for reading after they were judged. */
export function result(name: string, value: number, unit: string, budget: number | null = null): Result {
  return {
    name,
    value: Number(value.toPrecision(3)),
    unit,
    budget,
    holds: budget === null || value <= budget,
  }
}

export const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} CPUs, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`

export function printTable(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`)
  for (const { name, value, unit, budget, holds } of results) {
    const verdict = budget === null ? "" : `at most ${budget}: ${holds ? "holds" : "EXCEEDED"}`
    console.log(`  ${name.padEnd(76)} ${String(value).padStart(8)} ${unit.padEnd(6)} ${verdict}`.trimEnd())
  }
}
