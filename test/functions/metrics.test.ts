import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { createMetrics } from "../../functions/chain/metrics.ts"
import { capturedOutput } from "./fakes.ts"

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

test("counters add up, durations are kept, and each set of dimensions has a line of its own", () => {
  const metrics = createMetrics()
  metrics.count("CacheHits", 2, { source: "memory" })
  metrics.count("CacheHits", 3, { source: "memory" })
  metrics.count("CacheHits", 1, { source: "redis" })
  metrics.time("Fetch", 12.5)
  metrics.time("Fetch", 7)
  metrics.flush()
  expect(output.metrics()).toMatchObject([
    { source: "memory", CacheHits: 5 },
    { source: "redis", CacheHits: 1 },
    { Fetch: [12.5, 7] },
  ])
  metrics.flush()
  expect(output.lines).toHaveLength(3)
})

test("a dimension that is no word of ours becomes `other`, and what is no number is left out", () => {
  const metrics = createMetrics()
  metrics.count("Failures", 1, { providerId: "canary value" })
  metrics.count("Failures", Number.NaN, { providerId: "aws" })
  metrics.count("no name", 1)
  metrics.flush()
  expect(output.metrics()).toMatchObject([{ providerId: "other", Failures: 1 }])
  expect(output.lines).toHaveLength(1)
})
