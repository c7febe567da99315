import { createLog } from "./log.ts"
import { createMetrics } from "./metrics.ts"

/** One log and one buffer of metrics for each instance. */
export const log = createLog()
export const metrics = createMetrics()
