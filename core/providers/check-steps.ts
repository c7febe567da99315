import type { Clock } from "../clock.ts"
import { ProviderError } from "../errors.ts"
import type { Phase } from "../network/http.ts"
import type { CheckStep } from "./provider.ts"

export interface CheckSteps {
  /** What has been tried so far. Where something failed it is the last, and has the error. */
  steps: CheckStep[]
  /** Goes into the requests of the check. */
  onPhase(phase: Phase): void
  /**
   * Tries something of the secret manager; undefined where that failed. The first attempt is preceded by `reach` and, over
   * https, `TLS`, and is left out where it did not come that far.
   * @throws what is no failure of the secret manager's: a bug, or the signal's reason
   */
  attempt<Value>(name: string, work: () => Promise<Value>): Promise<{ value: Value } | undefined>
}

/** The steps of one check of the secret manager at `url`. */
export function createCheckSteps({
  url,
  clock,
  signal,
}: {
  url: string
  clock: Clock
  signal: AbortSignal
}): CheckSteps {
  const secure = url.toLowerCase().startsWith("https:")
  const steps: CheckStep[] = []
  const phases = new Map<Phase, number>()

  return {
    steps,
    onPhase(phase) {
      if (!phases.has(phase)) phases.set(phase, clock.now())
    },
    async attempt(name, work) {
      const begun = clock.now()
      let outcome: { value: Awaited<ReturnType<typeof work>> } | undefined
      let error: ProviderError | undefined
      try {
        outcome = { value: await work() }
      } catch (thrown) {
        signal.throwIfAborted()
        if (!(thrown instanceof ProviderError)) throw thrown
        error = thrown
      }
      const first = steps.length === 0
      if (first) steps.push(...transportSteps({ name, phases, secure, error }))
      if (steps.at(-1)?.ok === false) return undefined
      // How long it took to get as far as an authenticated server would tell what is inside a network.
      const since = first ? (phases.get("TLS") ?? phases.get("reach")) : begun
      const latency = since === undefined ? {} : { latencyMs: clock.now() - since }
      steps.push(error ? { name, ok: false, ...latency, error } : { name, ok: true, ...latency })
      return outcome
    },
  }
}

/** The steps before a secret manager can answer, as far as they went. */
function transportSteps({
  name,
  phases,
  secure,
  error,
}: {
  name: string
  phases: ReadonlyMap<Phase, number>
  secure: boolean
  error: ProviderError | undefined
}): CheckStep[] {
  const reached = phases.get("reach")
  const secured = phases.get("TLS")
  if (error && reached === undefined) {
    // Credentials that Latchkey itself refuses are not sent: that says nothing of the way to the secret manager.
    return [{ name: error.reason === "BAD_CREDENTIALS" ? name : "reach", ok: false, error }]
  }
  const reach = { name: "reach", ok: true }
  if (!secure) return [reach]
  if (error && secured === undefined) return [reach, { name: "TLS", ok: false, error }]
  const latency = reached === undefined || secured === undefined ? {} : { latencyMs: secured - reached }
  return [reach, { name: "TLS", ok: true, ...latency }]
}
