import { LatchkeyError } from "../errors.ts"
import { type ProviderId, providerById, type RegisteredProvider } from "../providers/registry.ts"

/** The provider that a request or a record names. @throws LatchkeyError `VALIDATION` where this deployment has none of that id */
export function providerOf(id: ProviderId): RegisteredProvider {
  const provider = providerById(id)
  if (provider) return provider
  throw new LatchkeyError("VALIDATION", "This deployment does not know that provider.", {
    issues: [{ pointer: "/providerId", message: "is not known here; see GET /providers" }],
  })
}
