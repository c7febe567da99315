import { ProviderError } from "../../errors.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import { Secret } from "../../secret.ts"
import type { RoleConfig } from "./config.ts"
import { type AwsCredentials, type AwsPrincipal, accountOf, externalIdOf } from "./deployment.ts"
import { ask, clientSettings, maxStsBytes } from "./transport.ts"

/** The longest that a role assumed by another role's session may last, and the default of roles. */
export const sessionSeconds = 3600

export interface AssumingDeps {
  http: HttpClient
  principal: AwsPrincipal
  platformId: string
  /** Of STS. */
  endpoint: string
  /** The most that the session may do, whatever the role may: a policy as JSON. */
  sessionPolicy: string
  onPhase?: (phase: Phase) => void
}

/**
 * Assumes the role by Latchkey's own credentials, with the platform's external id.
 * @throws ProviderError `BAD_CREDENTIALS` where AWS does not let it, or where the role is of Latchkey's own account
 */
export async function assumeRole(
  config: RoleConfig,
  deps: AssumingDeps,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  refuseOwnAccount(config, deps.principal)
  const externalId = await externalIdOf(deps.principal.deploymentId, deps.platformId)
  const credentials = await tryToAssume(config, deps, externalId, signal)
  if (credentials) return credentials
  throw refusal(
    "AWS does not let Latchkey assume the role. Check its ARN, and that its trust policy names the principal and the external id that `GET /providers` shows.",
  )
}

/**
 * Refuses a role that Latchkey can assume without its external id: whoever learns the role's ARN could then use it through
 * Latchkey, from another platform (the "confused deputy").
 * @throws ProviderError `BAD_CREDENTIALS`
 */
export async function refuseWithoutExternalId(
  config: RoleConfig,
  deps: AssumingDeps,
  signal: AbortSignal,
): Promise<void> {
  refuseOwnAccount(config, deps.principal)
  if (!(await tryToAssume(config, deps, undefined, signal))) return
  throw refusal(
    "The role can be assumed without an external id, so others could use it through Latchkey. Add the condition on `sts:ExternalId` to its trust policy.",
  )
}

/** A session of the role; undefined where AWS says that it may not be assumed, by this principal and external id. */
async function tryToAssume(
  { region, roleArn }: RoleConfig,
  { http, principal, platformId, endpoint, sessionPolicy, onPhase }: AssumingDeps,
  externalId: string | undefined,
  signal: AbortSignal,
): Promise<AwsCredentials | undefined> {
  const [{ STSClient, AssumeRoleCommand }, credentials] = await Promise.all([
    import("@aws-sdk/client-sts"),
    principal.credentials(),
  ])
  const sts = new STSClient(clientSettings({ http, region, endpoint, credentials }))
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: sessionNameOf(platformId),
    DurationSeconds: sessionSeconds,
    Policy: sessionPolicy,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  })
  try {
    const { Credentials: made } = await ask((options) => sts.send(command, options), {
      operation: "assume the role",
      maxBytes: maxStsBytes,
      signal,
      ...(onPhase ? { onPhase } : {}),
    })
    if (made?.AccessKeyId && made.SecretAccessKey && made.SessionToken) {
      return {
        accessKeyId: made.AccessKeyId,
        secretAccessKey: new Secret(made.SecretAccessKey),
        sessionToken: new Secret(made.SessionToken),
      }
    }
    throw new ProviderError("PROVIDER_ERROR", "AWS answered the login without credentials. Try again.")
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (error.upstream?.code === "AccessDenied") return undefined
    if (error.reason === "BAD_CREDENTIALS") throw ownCredentialsRefused(error)
    throw error
  }
}

function refuseOwnAccount({ roleArn }: RoleConfig, { arn }: AwsPrincipal): void {
  if (accountOf(roleArn) !== accountOf(arn)) return
  throw refusal("A role of the account that Latchkey runs in is refused. Use one of your own account.")
}

/** `latchkey-` and the platform: shown in the tenant's CloudTrail. STS takes 64 characters of `[\w+=,.@-]`. */
function sessionNameOf(platformId: string): string {
  return `latchkey-${platformId.replace(/[^\w+=,.@-]/g, "_")}`.slice(0, 64)
}

const refusal = (message: string) =>
  new ProviderError("BAD_CREDENTIALS", message, { upstream: { operation: "assume the role" } })

/** Nothing that the tenant could mend, so it must not look like it. */
const ownCredentialsRefused = ({ upstream }: ProviderError) =>
  new ProviderError(
    "PROVIDER_ERROR",
    "AWS does not accept Latchkey's own credentials. Tell whoever operates it.",
    upstream ? { upstream } : {},
  )
