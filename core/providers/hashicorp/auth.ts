import { ProviderError } from "../../errors.ts"
import { type Json, own } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { failure } from "../answer.ts"
import type { Login, ProviderDeps, Session } from "../provider.ts"
import { isVaults, listIn, objectIn, unexpected } from "./answers.ts"
import { awsIdentity, awsLoginData } from "./aws-login.ts"
import type { VaultConfig } from "./config.ts"
import { encodePath } from "./path.ts"
import type { Vault, VaultAnswer } from "./transport.ts"

export interface Auth {
  login: Login
  /** Whether logging in again can give another token than one that was refused. */
  renews: boolean
  /**
   * What a check does before it logs in, where there is something: refuses an AWS role that others could use through Latchkey.
   * @throws ProviderError
   */
  prove?(signal: AbortSignal): Promise<void>
}

/** How long what was learnt with a token that never ends, or whose end is not known, is taken for true. */
const defaultSessionMs = 60 * 60_000
/** Taken off a session's end, so that none ends between being chosen and being used. At most a tenth of it. */
const marginMs = 30_000

interface AuthDeps extends Pick<ProviderDeps, "http" | "clock" | "platformId" | "aws"> {
  vault: Vault
}

/** The auth method that a connection is configured for. */
export function authOf(config: VaultConfig, deps: AuthDeps): Auth {
  if (config.authMethod === "token") {
    const { token } = config
    const expiresAt = () => deps.clock.now() + defaultSessionMs
    return { renews: false, login: async () => ({ token, expiresAt: expiresAt(), notes: {} }) }
  }
  const { path, operation, data, prove } = loginOf(config, deps)
  const { authMount = config.authMethod } = config
  return {
    renews: true,
    login: async (signal) => {
      const login = { path: `auth/${encodePath(authMount)}/${path}`, operation, data: await data(signal) }
      return logIn(login, deps, signal)
    },
    ...(prove && { prove }),
  }
}

interface AuthLogin extends Pick<Auth, "prove"> {
  path: string
  operation: string
  data(signal: AbortSignal): LoginData | Promise<LoginData>
}

/** A login below an auth mount: what is sent is made anew each time. */
function loginOf(config: Exclude<VaultConfig, { authMethod: "token" }>, deps: AuthDeps): AuthLogin {
  switch (config.authMethod) {
    case "approle": {
      const { roleId, secretId } = config
      const data = () => ({ role_id: roleId, ...(secretId ? { secret_id: secretId.reveal() } : {}) })
      return { path: "login", operation: "log in by AppRole", data }
    }
    case "userpass": {
      const { username, password } = config
      const data = () => ({ password: password.reveal() })
      return { path: `login/${encodePath(username)}`, operation: "log in by password", data }
    }
    case "jwt": {
      const { role, jwt } = config
      const data = () => ({ role, jwt: jwt.reveal() })
      return { path: "login", operation: "log in by JWT", data }
    }
    case "aws": {
      const { clock, platformId } = deps
      const identity = awsIdentity(config, deps)
      return {
        path: "login",
        operation: "log in by AWS",
        async data(signal) {
          const credentials = identity.credentialsOf(await identity.login(signal))
          return awsLoginData(config, { credentials, platformId, now: clock.now() })
        },
        ...(identity.renews && {
          prove: async (signal: AbortSignal) => void (await identity.proveLogin(signal, () => {})),
        }),
      }
    }
    default:
      return config satisfies never
  }
}

type LoginData = Readonly<Record<string, string>>

/** What Vault says of a token when asked with it, or `forbidden`: it is no longer valid, or lacks the `default` policy. */
export async function lookUpSelf(
  vault: Vault,
  token: Secret,
  signal: AbortSignal,
): Promise<{ [key: string]: Json } | "forbidden"> {
  const operation = "look up the token"
  const answer = await vault.read("auth/token/lookup-self", { operation, token, signal })
  if (answer.status === 403) return "forbidden"
  const data = answer.status === 200 ? objectIn(answer.body, "data") : undefined
  if (data) return data
  if (answer.status === 404 && isVaults(answer)) {
    throw failure("BAD_CREDENTIALS", "Vault knows no such namespace. Check `namespace`.", answer, operation)
  }
  throw unexpected(answer, operation)
}

async function logIn(
  { path, operation, data }: { path: string; operation: string; data: LoginData },
  { vault, clock }: AuthDeps,
  signal: AbortSignal,
): Promise<Session> {
  const startedAt = clock.now()
  const answer = await vault.write(path, data, { operation, signal })
  if (answer.status === 200) return sessionOf(answer, operation, startedAt)
  if (answer.status === 400 || isOldBadCredentials(answer)) {
    const message =
      "Vault does not accept the credentials. Check them, their expiry, uses and bound addresses."
    throw failure("BAD_CREDENTIALS", message, answer, operation)
  }
  if (answer.status === 403 || (answer.status === 404 && isVaults(answer))) {
    const message =
      "Vault lets nobody log in there. Check the auth mount and `namespace`, then the credentials."
    throw failure("BAD_CREDENTIALS", message, answer, operation)
  }
  throw unexpected(answer, operation)
}

/** Versions before 1.10 answer 500 to a role id or secret id that is not theirs; only the text tells it from a failure. */
function isOldBadCredentials(answer: VaultAnswer): boolean {
  const wrong = /invalid (?:role|secret)|failed to validate (?:role|secret|credentials)/i
  const errors = (answer.status === 500 && listIn(answer, "errors")) || []
  return errors.some((text) => typeof text === "string" && wrong.test(text))
}

function sessionOf(answer: VaultAnswer, operation: string, startedAt: number): Session {
  const auth = objectIn(answer.body, "auth") ?? {}
  const token = own(auth, "client_token")
  const lease = own(auth, "lease_duration")
  // The token goes into a header, so it must fit there; a login that waits for a second factor has none.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token) || typeof lease !== "number" || lease < 0) {
    const message = isVaults(answer)
      ? "Vault answered the login without a token. Use an auth role without a second factor."
      : "What answered the login is not Vault. Check `url`, and what stands between."
    throw new ProviderError("PROVIDER_ERROR", message, { upstream: { operation, status: answer.status } })
  }
  const leaseMs = lease === 0 ? defaultSessionMs : lease * 1000
  return {
    token: new Secret(token),
    expiresAt: startedAt + leaseMs - Math.min(marginMs, leaseMs / 10),
    notes: {},
  }
}
