import { type Json, own } from "../../json.ts"
import { endingSoon, endOfJwt } from "../credential-end.ts"
import type { CheckWarning } from "../provider.ts"
import type { VaultConfig } from "./config.ts"

const fewUses = 100

/**
 * What is to be said of a token by what Vault says of it. `lasting`: it is the credential itself, not one that a login
 * gave and another will replace.
 */
export function tokenWarnings(
  self: { [key: string]: Json } | "forbidden",
  { lasting, now }: { lasting: boolean; now: number },
): CheckWarning[] {
  if (self === "forbidden") return [lookupDenied]
  const warnings: CheckWarning[] = []
  const policies = [own(self, "policies"), own(self, "identity_policies")].flat()
  if (policies.includes("root")) {
    const message =
      "The token has the root policy. Give Latchkey one that may only read what it shall resolve."
    warnings.push({ code: "ROOT_POLICY", message })
  }
  if (!lasting) return warnings

  const expires = own(self, "expire_time")
  const end = typeof expires === "string" ? Date.parse(expires) : Number.NaN
  warnings.push(...endingSoon("The token", end, now))
  const uses = own(self, "num_uses")
  if (typeof uses === "number" && uses > 0 && uses <= fewUses) {
    const message = `The token has ${uses} uses left; every request takes one. Use a token without that limit.`
    warnings.push({ code: "FEW_USES_LEFT", message })
  }
  return warnings
}

/** What credentials tell of themselves: those that end, and with them the connection. */
export function credentialWarnings(config: VaultConfig, now: number): CheckWarning[] {
  if (config.authMethod === "aws" && config.sessionToken) {
    const message =
      "Credentials with a session token end within hours, and Latchkey does not renew them. Use a role, or the keys of a user."
    return [{ code: "CREDENTIAL_EXPIRES", message }]
  }
  return config.authMethod === "jwt" ? endingSoon("The JWT", endOfJwt(config.jwt.reveal()), now) : []
}

const lookupDenied: CheckWarning = {
  code: "LOOKUP_DENIED",
  message:
    "The token lacks the `default` policy and may not look itself up, so its end and policies are not known.",
}
