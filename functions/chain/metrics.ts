import { MetricUnit, Metrics as Powertools } from "@aws-lambda-powertools/metrics"
import type { Dimensions, Metrics } from "../../core/metrics.ts"

export interface BufferedMetrics extends Metrics {
  /** Prints what was recorded since the last time: one line of CloudWatch's embedded metric format for each set of dimensions. */
  flush(): void
}

type Unit = typeof MetricUnit.Count | typeof MetricUnit.Milliseconds

/** A dimension is one of our own words. Anything else would cost a metric of its own for each value, or tell a secret. */
const word = /^[A-Za-z0-9_.:-]{1,64}$/

/** More sets than any request has: beyond them a mistake is recording without a flush. */
const maxSets = 100

interface Group {
  dimensions: Dimensions
  counts: Map<string, number>
  times: [name: string, ms: number][]
}

/**
 * Metrics of the namespace `Latchkey`, of the service that POWERTOOLS_SERVICE_NAME names: the stage. Recording only
 * remembers: what runs concurrently shares the buffer without harm.
 */
export function createMetrics(): BufferedMetrics {
  const powertools = new Powertools({ namespace: "Latchkey" })
  const groups = new Map<string, Group>()

  function groupOf(dimensions: Dimensions): Group {
    let key = ""
    for (const name in dimensions) key += `${name}=${dimensions[name]} `
    let group = groups.get(key)
    if (group === undefined) {
      if (groups.size >= maxSets) flush()
      group = { dimensions, counts: new Map(), times: [] }
      groups.set(key, group)
    }
    return group
  }

  function flush(): void {
    for (const { dimensions, counts, times } of groups.values()) {
      for (const name in dimensions) powertools.addDimension(name, wordOf(dimensions[name]))
      for (const [name, n] of counts) add(name, MetricUnit.Count, n)
      for (const [name, ms] of times) add(name, MetricUnit.Milliseconds, ms)
      if (powertools.hasStoredMetrics()) powertools.publishStoredMetrics()
    }
    groups.clear()
  }

  function add(name: string, unit: Unit, value: number): void {
    if (word.test(name) && Number.isFinite(value)) powertools.addMetric(name, unit, value)
  }

  return {
    count(name, n = 1, dimensions = {}) {
      const { counts } = groupOf(dimensions)
      counts.set(name, (counts.get(name) ?? 0) + n)
    },
    time(name, ms, dimensions = {}) {
      groupOf(dimensions).times.push([name, ms])
    },
    flush,
  }
}

const wordOf = (value: string | undefined): string =>
  value !== undefined && word.test(value) ? value : "other"
