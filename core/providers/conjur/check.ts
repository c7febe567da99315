import type { Clock } from "../../clock.ts"
import { isObject, own } from "../../json.ts"
import type { Phase } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"
import { createCheckSteps } from "../check-steps.ts"
import { endingSoon, endOfJwt } from "../credential-end.ts"
import type { CheckReport, CheckWarning } from "../provider.ts"
import { failure, unexpected } from "./answers.ts"
import type { Conjur } from "./api.ts"
import { loginOf } from "./auth.ts"
import type { ConjurConfig } from "./config.ts"

/** Logs in, whatever session there may be, and asks Conjur whose token that is. Needs no permission on any variable. */
export async function checkConjur({
  config,
  connect,
  clock,
  signal,
}: {
  config: ConjurConfig
  connect: (onPhase: (phase: Phase) => void) => Conjur
  clock: Clock
  signal: AbortSignal
}): Promise<CheckReport> {
  const { steps, onPhase, attempt } = createCheckSteps({ url: config.url, clock, signal })
  const conjur = connect(onPhase)
  const login = loginOf(config, { conjur, clock })
  const authenticated = await attempt("authenticate", async () => {
    const { token } = await login(signal)
    return askWhoWeAre(conjur, token, signal)
  })
  if (!authenticated) return { steps, warnings: [] }
  return { steps, warnings: warningsOf(config, authenticated.value, clock.now()) }
}

/** The login that a token belongs to. */
async function askWhoWeAre(conjur: Conjur, token: Secret, signal: AbortSignal): Promise<string> {
  const operation = "ask who we are"
  const answer = await conjur.get("/whoami", { operation, token, signal })
  if (answer.status === 401) {
    const message =
      "Conjur gave a token and does not accept it. Check that all its nodes behind `url` have the same keys and time."
    throw failure("PROVIDER_ERROR", message, answer, operation)
  }
  const body = answer.status === 200 ? jsonOf(answer.body) : undefined
  const username = isObject(body) ? own(body, "username") : undefined
  if (typeof username !== "string") throw unexpected(answer, operation)
  return username
}

function warningsOf(config: ConjurConfig, username: string, now: number): CheckWarning[] {
  const warnings: CheckWarning[] = []
  if (username === "admin") {
    const message =
      "The login is the account's admin, who may do everything. Give Latchkey a host that may only read what it shall resolve."
    warnings.push({ code: "ADMIN_LOGIN", message })
  }
  if (config.authMethod === "jwt") warnings.push(...endingSoon("The JWT", endOfJwt(config.jwt.reveal()), now))
  return warnings
}
