import type { Clock } from "../../clock.ts"
import { ProviderError } from "../../errors.ts"
import { createCheckSteps } from "../check-steps.ts"
import { endingSoon, endOfJwt } from "../credential-end.ts"
import type { CheckReport, CheckStep, CheckWarning } from "../provider.ts"
import type { OnePasswordConfig } from "./config.ts"
import type { Named, OnePassword, Reach } from "./store.ts"

/** Lists the vaults: that needs a valid token, and no right but those that reading needs. */
export async function checkOnePassword({
  config,
  reach,
  clock,
  signal,
}: {
  config: OnePasswordConfig
  reach: Reach
  clock: Clock
  signal: AbortSignal
}): Promise<CheckReport> {
  if (!("url" in config)) return checkServiceAccount(reach(signal), signal)
  const { steps, onPhase, attempt } = createCheckSteps({ url: config.url, clock, signal })
  const store = reach(signal, onPhase)
  const authenticated = await attempt("authenticate", () => store.vaults())
  if (!authenticated) return { steps, warnings: [] }
  // A Connect token is a JWT, which says itself when it ends.
  const ending = endingSoon("The Connect token", endOfJwt(config.token.reveal()), clock.now())
  return { steps, warnings: [...ending, ...scopeOf(authenticated.value)] }
}

/** Its SDK shows nothing of what comes before an answer. */
async function checkServiceAccount(store: OnePassword, signal: AbortSignal): Promise<CheckReport> {
  try {
    return { steps: [{ name: "authenticate", ok: true }], warnings: scopeOf(await store.vaults()) }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    const unreached = error.reason === "UNREACHABLE" || error.reason === "BLOCKED_ADDRESS"
    const step: CheckStep = { name: unreached ? "reach" : "authenticate", ok: false, error }
    return { steps: [step], warnings: [] }
  }
}

function scopeOf(vaults: readonly Named[]): CheckWarning[] {
  if (vaults.length > 0) return []
  const message = "The token works, but may read no vault. Give it access to those that Latchkey shall read."
  return [{ code: "NO_VAULTS", message }]
}
