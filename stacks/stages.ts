import type { StageInput } from "./config.ts"

/**
 * What each stage is deployed with: edit this. Any name that is not here is somebody's own stage and gets `personal`.
 * Every setting, its default and its bounds are in `config.ts` and docs/operations.md. Nothing here is secret.
 */

/** Replace it by your identity provider: a deployment with this one is refused. */
const issuer = {
  issuer: "https://identity.example.com/",
  audience: "latchkey",
  jwksUrl: "https://identity.example.com/.well-known/jwks.json",
}

/** As which the console is registered with the identity provider, as a public client with PKCE. */
const console = { signIn: { clientId: "latchkey-console" } }

export const stages: Record<string, StageInput> = {
  production: {
    protected: true,
    // The platforms that this issuer may speak for, or "*" where it is trusted with all.
    issuers: [{ ...issuer, platforms: ["*"] }],
    console,
    logRetention: "1 year",
    // So that admins at work, or one busy caller, cannot take what resolving needs.
    concurrency: { resolve: { reserved: 200 }, resolveDirect: { reserved: 200 } },
    throttle: { rate: 2_000, burst: 4_000 },
  },
  staging: {
    issuers: [{ ...issuer, platforms: ["*"] }],
    console,
    logRetention: "1 month",
  },
}

export const personal: StageInput = {
  issuers: [{ ...issuer, platforms: ["*"] }],
  logRetention: "1 week",
  alarms: { enabled: false },
}
