import { ProviderError } from "../../errors.ts"
import type { Phase } from "../../network/http.ts"
import { createCheckSteps } from "../check-steps.ts"
import type { CheckReport, CheckStep, CheckWarning, FetchResult, ProviderDeps, Session } from "../provider.ts"
import { type Auth, authOf, lookUpSelf } from "./auth.ts"
import type { VaultConfig } from "./config.ts"
import { documentOf, parsePath } from "./path.ts"
import { readDocuments } from "./reading.ts"
import type { Vault } from "./transport.ts"
import { credentialWarnings, tokenWarnings } from "./warnings.ts"

/**
 * Logs in, whatever session there may be, asks Vault what it thinks of the token, and reads `probePath` where one is
 * configured. Asks for nothing that the documented policy does not grant.
 */
export async function checkVault({
  config,
  connect,
  deps,
  signal,
}: {
  config: VaultConfig
  connect: (onPhase: (phase: Phase) => void) => Vault
  deps: ProviderDeps
  signal: AbortSignal
}): Promise<CheckReport> {
  const { clock } = deps
  const { steps, onPhase, attempt } = createCheckSteps({ url: config.url, clock, signal })
  const warnings: CheckWarning[] = []
  const vault = connect(onPhase)
  const auth = authOf(config, { ...deps, vault })

  async function probe(session: Session): Promise<void> {
    const read = (document: string) => readProbe({ vault, document, session, now: clock.now(), signal })
    const path = config.probePath ?? ""
    const result = await read(documentOf(path))
    if (!result.ok && !(await isReference(path, read))) throw result.error
  }

  const proved = await proveRole(auth, deps, signal)
  if (proved.some(({ ok }) => !ok)) return { steps: proved, warnings }
  const authenticated = await attempt("authenticate", async () => {
    const session = await auth.login(signal)
    const self = await lookUpSelf(vault, session.token, signal)
    if (self === "forbidden" && !auth.renews) await proveToken(config, () => probe(session))
    return { session, self }
  })
  if (!authenticated) return { steps: [...proved, ...steps], warnings }

  const { session, self } = authenticated.value
  warnings.push(...tokenWarnings(self, { lasting: !auth.renews, now: clock.now() }))
  warnings.push(...credentialWarnings(config, clock.now()))
  if (config.probePath !== undefined) await attempt("read", () => probe(session))
  return { steps: [...proved, ...steps], warnings }
}

/** The step before Vault is asked at all; none where there is no role of AWS. */
async function proveRole(
  { prove }: Auth,
  { clock }: ProviderDeps,
  signal: AbortSignal,
): Promise<CheckStep[]> {
  if (!prove) return []
  const name = "assume role"
  const begun = clock.now()
  try {
    await prove(signal)
    return [{ name, ok: true, latencyMs: clock.now() - begun }]
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    return [{ name, ok: false, error }]
  }
}

/** Of a token that may not look itself up only a read tells whether it is valid. */
async function proveToken(config: VaultConfig, probe: () => Promise<void>): Promise<void> {
  const upstream = { operation: "look up the token", status: 403 }
  if (config.probePath === undefined) {
    const message =
      "Vault refuses the token. If it is valid it lacks the `default` policy: then set `probePath` to a secret that it may read."
    throw new ProviderError("BAD_CREDENTIALS", message, { upstream })
  }
  try {
    await probe()
  } catch (error) {
    // Any other answer about the secret was given to a valid token, and is the next step's to report.
    if (!(error instanceof ProviderError)) throw error
    if (error.reason === "PERMISSION_DENIED") {
      const message = "Vault refuses the token, for `probePath` too. Check the token, then the policy."
      throw new ProviderError("BAD_CREDENTIALS", message, { upstream })
    }
    if (["NOT_FOUND", "DELETED", "WRONG_ENGINE"].includes(error.reason)) return
    throw error
  }
}

/** Whether the path is that of a reference, which people copy with its key at the end, and can be read. */
async function isReference(path: string, read: (document: string) => Promise<FetchResult>): Promise<boolean> {
  if (path.split("/").length < 3) return false
  const { document, select } = parsePath(path, {})
  const result = await read(document)
  if (!result.ok) return false
  try {
    select(result.content)
    return true
  } catch {
    return false
  }
}

async function readProbe({
  vault,
  document,
  session,
  now,
  signal,
}: {
  vault: Vault
  document: string
  session: Session
  now: number
  signal: AbortSignal
}): Promise<FetchResult> {
  const message = "Vault forbids reading `probePath`. Check it, and that a policy grants `read` on it."
  const upstream = { operation: "read secret", status: 403 }
  const refusal = async () => new ProviderError("PERMISSION_DENIED", message, { upstream })
  const { results } = await readDocuments({ vault, documents: [document], session, now, refusal, signal })
  return results.get(document) ?? { ok: false, error: await refusal() }
}
