import type { Tally } from "./tally.ts"
import { newTally } from "./tally.ts"

type Request = (tally: Tally) => Promise<void>

export interface Stretch {
  tally: Tally
  /** Until the last answer, in seconds. */
  seconds: number
}

/** Each caller sends a request as soon as the one before it is answered, until the time is over. */
export async function drive(
  request: Request,
  { callers, seconds, tally = newTally() }: { callers: number; seconds: number; tally?: Tally },
): Promise<Stretch> {
  const start = performance.now()
  const end = start + seconds * 1000
  async function call(): Promise<void> {
    while (performance.now() < end) await request(tally)
  }
  await Promise.all(Array.from({ length: callers }, call))
  return { tally, seconds: (performance.now() - start) / 1000 }
}

/** More callers than this wait for each other on any machine that this runs on. */
const mostCallers = 256
/** What twice as many callers must gain to be worth their waiting. */
const worthwhile = 1.05

/**
 * How many callers keep the machine as busy as it can be: twice as many, as long as that makes the rate higher.
 * `stretches`: all that was sent to find it, since its answers count too.
 */
export async function findCallers(
  request: Request,
  secondsEach: number,
): Promise<{ callers: number; stretches: Stretch[] }> {
  const stretches: Stretch[] = []
  let best = { callers: 2, rate: 0 }
  for (let callers = best.callers; callers <= mostCallers; callers *= 2) {
    const stretch = await drive(request, { callers, seconds: secondsEach })
    stretches.push(stretch)
    const rate = requestsOf(stretch.tally) / stretch.seconds
    if (rate < best.rate * worthwhile) break
    best = { callers, rate }
  }
  return { callers: best.callers, stretches }
}

export const requestsOf = ({ resolves, changes }: Tally) => resolves.length + changes.length
