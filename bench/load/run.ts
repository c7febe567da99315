import { startBacking } from "./backing-process.ts"
import { drive, findCallers, type Stretch } from "./closed-loop.ts"
import { createHttp } from "./http.ts"
import { createModel } from "./model.ts"
import { startSandboxes } from "./sandboxes.ts"
import { newTally, type Tally } from "./tally.ts"
import { createTenants } from "./tenants.ts"
import { createTraffic } from "./traffic.ts"

export interface LoadRun {
  /** How many there were at once. */
  callers: number
  measured: Stretch
  /** What found out how many callers it takes. Its answers were checked too. */
  before: readonly Tally[]
  /** Resident memory of each sandbox, in MB, before and after what was measured. */
  memory: { start: readonly number[]; end: readonly number[] }
}

const platformIds = ["acme", "globex"]
const [instances, connections, secrets] = [2, 4, 100]
/** Of the time, what is spent on finding the number of callers; in so many steps or fewer. */
const [share, steps] = [1 / 8, 7]

/**
 * Starts everything, loads it for these many seconds in all, and stops it.
 * @param options.callers how many there shall be at once; absent: as many as it takes to load the machine
 * @param options.onMeasuring given what fills up from then on
 */
export async function runLoad(
  seconds: number,
  options: { callers?: number; onMeasuring(tally: Tally): void },
): Promise<LoadRun> {
  const http = createHttp()
  const backing = await startBacking(platformIds)
  try {
    const sandboxes = await startSandboxes(instances, backing.environment)
    try {
      const tenants = await createTenants({ platformIds, connections, secrets, sandboxes, backing, http })
      const platforms = new Map(
        tenants.map((tenant) => [tenant.platformId, tenant.connections.map(({ id }) => id)]),
      )
      const model = createModel({ platforms, secrets })
      const request = createTraffic({ apis: sandboxes.apis, tenants, secrets, model, backing, http })

      const { callers, stretches } = options.callers
        ? { callers: options.callers, stretches: [] }
        : await findCallers(request, (seconds * share) / steps)
      const spent = stretches.reduce((sum, stretch) => sum + stretch.seconds, 0)
      const start = await sandboxes.memory()
      const tally = newTally()
      options.onMeasuring(tally)
      const measured = await drive(request, { callers, seconds: Math.max(1, seconds - spent), tally })
      const end = await sandboxes.memory()
      return { callers, measured, before: stretches.map(({ tally }) => tally), memory: { start, end } }
    } finally {
      await sandboxes.stop()
    }
  } finally {
    http.close()
    backing.stop()
  }
}
