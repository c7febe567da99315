import type { Clock } from "../../clock.ts"
import { ProviderError } from "../../errors.ts"
import { isObject, own } from "../../json.ts"
import { createCheckSteps } from "../check-steps.ts"
import type { CheckReport, CheckStep, CheckWarning } from "../provider.ts"
import type { OnePasswordConfig } from "./config.ts"
import type { Named, OnePassword, Reach } from "./store.ts"

const warnBeforeMs = 14 * 24 * 60 * 60_000

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
  const warnings = authenticated
    ? [...expiry(config.token.reveal(), clock.now()), ...scopeOf(authenticated.value)]
    : []
  return { steps, warnings }
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

/** A Connect token is a JWT, which says itself when it ends. */
function expiry(token: string, now: number): CheckWarning[] {
  const end = expiresAt(token)
  if (end === undefined || end - now > warnBeforeMs) return []
  const message = "The Connect token ends soon. Put a new one into the connection."
  return [{ code: "CREDENTIAL_EXPIRES", message, at: new Date(end).toISOString() }]
}

function expiresAt(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"))
    const end = isObject(claims) ? own(claims, "exp") : undefined
    // Beyond that there are no dates.
    return typeof end === "number" && end > 0 && end < 8.64e12 ? end * 1000 : undefined
  } catch {
    return undefined
  }
}
