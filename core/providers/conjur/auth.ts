import type { Clock } from "../../clock.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"
import { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"
import { claimsOf } from "../credential-end.ts"
import type { Login, Session } from "../provider.ts"
import { errorOf, failure, notConjur, unexpected } from "./answers.ts"
import type { Conjur } from "./api.ts"
import type { ConjurConfig } from "./config.ts"

/** How long a token is good for where it does not say so itself. */
const defaultSessionMs = 8 * 60_000
/** The longest that Conjur can be configured for. */
const maxSessionMs = 5 * 60 * 60_000
/** Taken off a session's end, so that none ends between being chosen and being used. At most a tenth of it. */
const marginMs = 30_000

/** Logs in by the authenticator that a connection is configured for. Nothing renews a token: each login gives another. */
export function loginOf(config: ConjurConfig, { conjur, clock }: { conjur: Conjur; clock: Clock }): Login {
  return async (signal) => {
    const startedAt = clock.now()
    const { path, credentials, operation } = authenticationOf(config)
    const answer = await conjur.authenticate(path, credentials, { operation, signal })
    return sessionOf(answer, { operation, startedAt })
  }
}

/** What is sent, as https://docs.conjur.org has it for authn and authn-jwt. A login is one segment, slashes and all. */
function authenticationOf(config: ConjurConfig) {
  const account = encodeURIComponent(config.organizationAccountName)
  const login = config.loginId === undefined ? "" : `/${encodeURIComponent(config.loginId)}`
  switch (config.authMethod) {
    case "api-key":
      return {
        operation: "authenticate by API key",
        path: `/authn/${account}${login}/authenticate`,
        credentials: { body: config.apiKey.reveal(), contentType: "text/plain" },
      }
    case "jwt":
      return {
        operation: "authenticate by JWT",
        path: `/authn-jwt/${encodeURIComponent(config.serviceId)}/${account}${login}/authenticate`,
        credentials: {
          body: new URLSearchParams({ jwt: config.jwt.reveal() }).toString(),
          contentType: "application/x-www-form-urlencoded",
        },
      }
    default:
      return config satisfies never
  }
}

/** @throws ProviderError where the answer is no token */
function sessionOf(
  answer: HttpResponse,
  { operation, startedAt }: { operation: string; startedAt: number },
): Session {
  const { status } = answer
  if (status === 401 || status === 400) {
    const message =
      "Conjur does not accept the credentials. Check them and `organizationAccountName`; the `loginId` of a host begins with `host/`."
    throw failure("BAD_CREDENTIALS", message, answer, operation)
  }
  if (status === 403 || (status === 404 && errorOf(answer))) {
    const message =
      "Conjur does not let this login in there. Check `serviceId`, and that the authenticator is enabled and permits the host."
    throw failure("BAD_CREDENTIALS", message, answer, operation)
  }
  if (status !== 200) throw unexpected(answer, operation)
  const json = tokenText(answer.body.toString("latin1"))
  const token = json === undefined ? undefined : jsonOf(json)
  if (json === undefined || !isToken(token)) throw notConjur(answer, operation)
  const lifeMs = lifetimeOf(token)
  return {
    token: new Secret(Buffer.from(json, "latin1").toString("base64")),
    expiresAt: startedAt + lifeMs - Math.min(marginMs, lifeMs / 10),
    notes: {},
  }
}

/** Its parts, as https://docs.conjur.org has them; newer servers may add others. */
function isToken(token: Json | undefined): token is { [key: string]: Json } {
  return (
    isObject(token) &&
    ["protected", "payload", "signature"].every((part) => typeof own(token, part) === "string")
  )
}

/** The token as JSON. A proxy may have kept the asked encoding from Conjur, which then answers JSON as it is. */
function tokenText(body: string): string | undefined {
  if (body.trimStart().startsWith("{")) return body
  return /^[A-Za-z0-9+/=\s]+$/.test(body) ? Buffer.from(body, "base64").toString("latin1") : undefined
}

/** By the server's own clock, whatever ours says. Tokens of older servers do not tell when they end. */
function lifetimeOf(token: { [key: string]: Json }): number {
  const claims = claimsOf(typeof token.payload === "string" ? token.payload : "") ?? {}
  const [begins, ends] = [own(claims, "iat"), own(claims, "exp")]
  if (typeof begins !== "number" || typeof ends !== "number" || !(ends > begins)) return defaultSessionMs
  return Math.min((ends - begins) * 1000, maxSessionMs)
}
