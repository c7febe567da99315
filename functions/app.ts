import type { DirectCaller } from "../core/auth/direct-caller.ts"
import type { TokenVerifier } from "../core/auth/token.ts"
import { systemClock } from "../core/clock.ts"
import type { Latchkey } from "../core/latchkey.ts"
import { Secret } from "../core/secret.ts"
import { awsClientConfig } from "./aws-client-config.ts"
import { metrics } from "./chain/telemetry.ts"
import { readEnvironment, type Settings } from "./environment.ts"
import { inTime } from "./in-time.ts"

/** What operations are run with: built once per instance, on the first request. */
export interface App extends Latchkey {
  /** Who may invoke `resolve-direct`, and for which platforms. */
  directCallers: readonly DirectCaller[]
}

let app: Promise<App> | undefined
let verifier: Promise<TokenVerifier> | undefined
let settings: Settings | undefined

/** The object graph of this instance. A failed attempt is not remembered, so that the next request tries again. */
export function getApp(): Promise<App> {
  app ??= build().catch((error) => {
    app = undefined
    throw error
  })
  return app
}

/**
 * Begins to make it while the instance starts, when Lambda gives more CPU than later and nobody waits. What goes wrong shows
 * in the first request, which tries again.
 */
export function startApp(): void {
  getApp().catch(() => {})
}

/** What the authorizer needs, and nothing that it does not. */
export function getTokenVerifier(): Promise<TokenVerifier> {
  verifier ??= buildVerifier().catch((error) => {
    verifier = undefined
    throw error
  })
  return verifier
}

/** The one origin whose pages may call the API: the console's. */
export function consoleOrigin(): string | undefined {
  return currentSettings().consoleOrigin
}

/** Whether a request that succeeds gets its line in the log: this share of them does. */
export function isSampled(): boolean {
  return Math.random() < currentSettings().logShare
}

/** Read on first use: importing this asks nothing of the environment. */
function currentSettings(): Settings {
  settings ??= readEnvironment(process.env)
  return settings
}

/** The only place where an AWS client is made of what the environment has: the function's own role. */
async function build(): Promise<App> {
  const settings = currentSettings()
  const { DynamoDBClient, compose } = await import("./compose.ts")
  const dynamodb = inTime(new DynamoDBClient(awsClientConfig("DYNAMODB")))
  async function kms() {
    const { KMSClient } = await import("../core/crypto/aws-kms-client.ts")
    return inTime(new KMSClient(awsClientConfig("KMS")))
  }
  let kmsClient: ReturnType<typeof kms> | undefined
  const clients = {
    dynamodb,
    kms: () => {
      kmsClient ??= kms()
      return kmsClient
    },
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await dynamodb.config.credentials()
      return {
        accessKeyId,
        secretAccessKey: new Secret(secretAccessKey),
        ...(sessionToken !== undefined && { sessionToken: new Secret(sessionToken) }),
      }
    },
  }
  return { ...compose(settings, clients, metrics), directCallers: settings.directCallers }
}

async function buildVerifier(): Promise<TokenVerifier> {
  const { issuers, sandbox } = currentSettings()
  if (issuers === undefined) throw new Error("LATCHKEY_ISSUERS is missing: no token can be verified without.")
  const { createTokenVerifier } = await import("../core/auth/token.ts")
  return createTokenVerifier({ issuers, clock: systemClock, sandbox })
}
