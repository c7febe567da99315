import type { Clock } from "../../clock.ts"
import { ProviderError } from "../../errors.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import { createCheckSteps } from "../check-steps.ts"
import type { CheckReport, CheckWarning } from "../provider.ts"
import { notAws } from "./answers.ts"
import type { AwsConfig } from "./config.ts"
import { type AwsCredentials, type AwsDeployment, accountOf } from "./deployment.ts"
import { endpointOf, type Identity } from "./identity.ts"
import { ask, clientSettings, maxStsBytes } from "./transport.ts"

/**
 * Asks STS who the credentials belong to, which needs no permission, after having assumed the role where there is one;
 * then reads what `probe` says.
 */
export async function checkAws({
  config,
  http,
  identity,
  aws,
  probe,
  clock,
  signal,
}: {
  config: AwsConfig
  http: HttpClient
  identity: Identity
  aws: AwsDeployment
  probe: ((credentials: AwsCredentials) => Promise<void>) | undefined
  clock: Clock
  signal: AbortSignal
}): Promise<CheckReport> {
  let endpoint: string
  try {
    endpoint = endpointOf("sts", config, aws)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { steps: [{ name: "reach", ok: false, error }], warnings: [] }
  }
  const { steps, onPhase, attempt } = createCheckSteps({ url: endpoint, clock, signal })

  const authenticated = await attempt("authenticate", async () => {
    const credentials = identity.credentialsOf(await identity.proveLogin(signal, onPhase))
    const arn = await callerOf({ http, region: config.region, endpoint, credentials, onPhase }, signal)
    return { credentials, arn }
  })
  if (!authenticated) return { steps, warnings: [] }

  const { credentials, arn } = authenticated.value
  if (probe) await attempt("read", () => probe(credentials))
  const account = accountOf(arn) ?? ""
  // An endpoint of the connection's own could name any account, to learn when its secrets change.
  const isAws = !("endpoint" in config && config.endpoint !== undefined) && /^[0-9]{12}$/.test(account)
  return {
    steps,
    warnings: warningsOf(config, arn),
    ...(isAws && { aws: { account, region: config.region } }),
  }
}

/** The ARN of whoever the credentials belong to. */
async function callerOf(
  { onPhase, ...settings }: Parameters<typeof clientSettings>[0] & { onPhase: (phase: Phase) => void },
  signal: AbortSignal,
): Promise<string> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts")
  const sts = new STSClient(clientSettings(settings))
  const operation = "ask whose credentials they are"
  const { Arn = "" } = await ask((options) => sts.send(new GetCallerIdentityCommand({}), options), {
    operation,
    maxBytes: maxStsBytes,
    onPhase,
    signal,
  })
  // The SDK makes an empty answer of any page in HTML.
  if (!Arn.startsWith("arn:")) throw notAws(operation, 200)
  return Arn
}

function warningsOf(config: AwsConfig, arn: string): CheckWarning[] {
  const warnings: CheckWarning[] = []
  if (arn.endsWith(":root")) {
    warnings.push({
      code: "ROOT_USER",
      message:
        "The keys are those of the account's root user. Give Latchkey a role or user that may only read what it shall resolve.",
    })
  }
  if ("sessionToken" in config && config.sessionToken) {
    warnings.push({
      code: "CREDENTIAL_EXPIRES",
      message:
        "Temporary credentials end within hours, and Latchkey cannot renew them. Use a role, or a user's access key.",
    })
  }
  return warnings
}
