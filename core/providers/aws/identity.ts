import type { Clock } from "../../clock.ts"
import { ProviderError } from "../../errors.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import { Secret } from "../../secret.ts"
import type { Login, ProviderDeps, Session, Sessions } from "../provider.ts"
import type { Renewal } from "../renewing.ts"
import type { AwsConfig } from "./config.ts"
import type { AwsCredentials, AwsDeployment } from "./deployment.ts"
import { hostOf, type Service } from "./regions.ts"
import { type AssumingDeps, assumeRole, refuseWithoutExternalId, sessionSeconds } from "./role.ts"

/** Taken off a session's end, so that none ends between being chosen and being used. */
const marginMs = 5 * 60_000

/** Who a connection is to AWS. */
export interface Identity {
  /** Whether there is something to log in to: a role. An access key is its own session, and is not renewed. */
  renews: boolean
  login: Login
  /** What requests are signed with. */
  credentialsOf(session: Session): AwsCredentials
  /** A login for a check: refuses, besides, a role that others could use through Latchkey. */
  proveLogin(signal: AbortSignal, onPhase: (phase: Phase) => void): Promise<Session>
}

/**
 * Where a service is for this connection.
 * @throws ProviderError `BLOCKED_ADDRESS` where the connection names an endpoint and the deployment does not allow it
 */
export function endpointOf(
  service: Service,
  config: AwsConfig,
  { allowEndpoint, endpoint }: AwsDeployment,
): string {
  if ("endpoint" in config && config.endpoint !== undefined) {
    if (allowEndpoint) return config.endpoint
    throw new ProviderError(
      "BLOCKED_ADDRESS",
      "This deployment does not let connections name an endpoint. Leave `endpoint` out.",
    )
  }
  return endpoint?.(service, config.region) ?? `https://${hostOf(service, config.region)}`
}

/** @param sessionPolicy the most that a role's session may do: a policy as JSON */
export function identityOf(
  config: AwsConfig,
  deps: Pick<ProviderDeps, "clock" | "platformId" | "aws"> & { http: HttpClient },
  sessionPolicy: string,
): Identity {
  const { clock, aws = {} } = deps
  if (!("roleArn" in config)) {
    const login = async () => sessionFrom("access key", clock)
    return { renews: false, login, credentialsOf: () => config, proveLogin: login }
  }

  /** What assuming the role takes. @throws ProviderError `BAD_CREDENTIALS` where Latchkey is nobody in AWS */
  function assuming(): AssumingDeps {
    const { http, platformId } = deps
    const { principal } = aws
    if (!principal) {
      throw new ProviderError(
        "BAD_CREDENTIALS",
        "This deployment has no identity in AWS and cannot assume roles. Use an access key.",
      )
    }
    return { http, principal, platformId, endpoint: endpointOf("sts", config, aws), sessionPolicy }
  }

  return {
    renews: true,
    async login(signal) {
      const startedAt = clock.now()
      return sessionOf(await assumeRole(config, assuming(), signal), startedAt)
    },
    async proveLogin(signal, onPhase) {
      const startedAt = clock.now()
      const withPhases = { ...assuming(), onPhase }
      await refuseWithoutExternalId(config, withPhases, signal)
      return sessionOf(await assumeRole(config, withPhases, signal), startedAt)
    },
    credentialsOf: ({ token }) => fromToken(token),
  }
}

/**
 * Where requests get their session. An access key is its own, which is shared with other instances only where something
 * is noted with it.
 */
export function renewalOf({
  identity: { renews, login },
  sessions,
  noting = false,
  signal,
}: {
  identity: Identity
  sessions: Sessions
  /** @default false */
  noting?: boolean
  signal: AbortSignal
}): Renewal {
  return {
    current: () => (renews || noting ? sessions.current(login, signal) : login(signal)),
    ...(renews && { renew: (rejected: Session) => sessions.replace(rejected, login, signal) }),
  }
}

function sessionOf(
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  startedAt: number,
): Session {
  const token = JSON.stringify([accessKeyId, secretAccessKey.reveal(), sessionToken?.reveal()])
  return { token: new Secret(token), expiresAt: startedAt + sessionSeconds * 1000 - marginMs, notes: {} }
}

/** A session that lasts as long as a role's would, for what is learnt with it; it has nothing secret. */
function sessionFrom(token: string, clock: Clock): Session {
  return { token: new Secret(token), expiresAt: clock.now() + sessionSeconds * 1000, notes: {} }
}

function fromToken(token: Secret): AwsCredentials {
  const [accessKeyId = "", secretAccessKey = "", sessionToken = ""] = JSON.parse(token.reveal()) as string[]
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
  }
}
