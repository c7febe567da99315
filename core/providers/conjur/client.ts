import type { ProviderClient, ProviderDeps } from "../provider.ts"
import { fetchRenewing, onceRenewing, type Renewal } from "../renewing.ts"
import { conjurOver } from "./api.ts"
import { loginOf } from "./auth.ts"
import { browseVariables } from "./browse.ts"
import { checkConjur } from "./check.ts"
import type { ConjurConfig } from "./config.ts"
import { readDocuments } from "./reading.ts"

/** A client of one connection. Conjur tells a token it no longer accepts from all else: 401 is answered by one login. */
export function openConjur(config: ConjurConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock } = deps
  const { url, organizationAccountName: account, caCertificate } = config
  const http = deps.http(caCertificate === undefined ? {} : { caCertificate })
  const conjur = conjurOver({ http, url })
  const login = loginOf(config, { conjur, clock })

  const renewalOf = (signal: AbortSignal): Renewal => ({
    current: () => sessions.current(login, signal),
    renew: (rejected) => sessions.replace(rejected, login, signal),
  })

  return {
    fetch: (documents, signal) =>
      fetchRenewing({
        ...renewalOf(signal),
        documents,
        read: (some, { token }) =>
          readDocuments({
            conjur,
            account,
            documents: some,
            token,
            signal,
          }),
        signal,
      }),

    browse: (prefix, cursor, signal) =>
      onceRenewing(renewalOf(signal), ({ token }) =>
        browseVariables({ conjur, account, token, prefix, cursor, signal }),
      ),

    check: (signal) =>
      checkConjur({ config, connect: (onPhase) => conjurOver({ http, url, onPhase }), clock, signal }),
  }
}
