import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"

const operation = "sign in"

/**
 * A service account's token, fit to be given to the SDK: that calls, by the global `fetch`, whatever address the token
 * names, so the address is looked at first. The token is `ops_` and base64 of JSON; `signInAddress` is a host, or its URL.
 *
 * What comes back is written anew from what was looked at, so that the SDK cannot read the same text differently.
 * @throws ProviderError `BAD_CREDENTIALS` for what is no such token, `BLOCKED_ADDRESS` for another host than 1Password's
 */
export function checkedToken(token: Secret): Secret {
  const credentials = decode(token.reveal())
  const address = credentials && own(credentials, "signInAddress")
  if (credentials === undefined || typeof address !== "string") {
    throw new ProviderError(
      "BAD_CREDENTIALS",
      "This is no token of a 1Password service account. Copy it again, whole.",
      { upstream: { operation } },
    )
  }
  const host = /^(?:https:\/\/)?([a-z0-9.-]+)\/?$/.exec(address)?.[1]
  if (host === undefined || !isOnePasswords(host)) {
    throw new ProviderError(
      "BLOCKED_ADDRESS",
      "The service account token does not lead to 1Password.com, .ca or .eu over https, so it is not used. Copy it again, as 1Password showed it.",
      { upstream: { operation } },
    )
  }
  const checked = JSON.stringify({ ...credentials, signInAddress: `https://${host}` })
  return new Secret(`ops_${Buffer.from(checked).toString("base64url")}`)
}

/** `1password.com`, `.ca`, `.eu` and `ent.1password.com`, and accounts' hosts below them. */
function isOnePasswords(host: string): boolean {
  return /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*1password\.(?:com|ca|eu)$/.test(host)
}

function decode(token: string): { [key: string]: Json } | undefined {
  if (!token.startsWith("ops_")) return undefined
  // Takes both alphabets of base64, padded or not.
  const credentials = jsonOf(Buffer.from(token.slice("ops_".length), "base64"))
  return isObject(credentials) ? credentials : undefined
}
