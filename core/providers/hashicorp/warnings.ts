import { isObject, type Json, own } from "../../json.ts"
import type { CheckWarning } from "../provider.ts"
import type { VaultConfig } from "./config.ts"

const warnBeforeMs = 14 * 24 * 60 * 60_000
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

  const end = Date.parse(String(own(self, "expire_time") ?? ""))
  if (end - now <= warnBeforeMs) warnings.push(ending("The token", end))
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
      "Credentials with a session token end within hours, and Latchkey does not renew them. Use the keys of a user."
    return [{ code: "CREDENTIAL_EXPIRES", message }]
  }
  if (config.authMethod !== "jwt") return []
  const end = endOfJwt(config.jwt.reveal())
  return end !== undefined && end - now <= warnBeforeMs ? [ending("The JWT", end)] : []
}

const ending = (what: string, end: number): CheckWarning => ({
  code: "CREDENTIAL_EXPIRES",
  message: `${what} ends soon, and Latchkey does not renew it. Put a new one into the connection.`,
  at: new Date(end).toISOString(),
})

const lookupDenied: CheckWarning = {
  code: "LOOKUP_DENIED",
  message:
    "The token lacks the `default` policy and may not look itself up, so its end and policies are not known.",
}

/** In milliseconds, by the claim `exp`. Vault has judged the token by now: this reads, and trusts nothing. */
function endOfJwt(jwt: string): number | undefined {
  const [, payload = ""] = jwt.split(".")
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString())
    const end = isObject(claims) ? own(claims, "exp") : undefined
    return typeof end === "number" && end > 0 && end < 1e11 ? end * 1000 : undefined
  } catch {
    return undefined
  }
}
