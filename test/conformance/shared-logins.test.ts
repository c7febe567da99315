import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import { afterEach, describe, expect, onTestFinished, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { createLatchkey, type Latchkey } from "../../core/latchkey.ts"
import { createNetwork } from "../../core/network/client.ts"
import { externalIdOf } from "../../core/providers/aws/deployment.ts"
import type { ProviderId } from "../../core/providers/registry.ts"
import { providerById } from "../../core/providers/registry.ts"
import { Secret } from "../../core/secret.ts"
import { createLatchkey as createPrincipal } from "../../local/secret-managers/aws/admin.ts"
import { startAws } from "../../local/secret-managers/aws/server.ts"
import { startConjur } from "../../local/secret-managers/conjur/server.ts"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { connect, resolve, world } from "../support/instance.ts"
import { movedClock } from "../support/moved-clock.ts"
import { seedVault } from "./vault-server.ts"

type Deployment = Parameters<typeof createLatchkey>[0]["aws"]

interface Server {
  providerId: ProviderId
  config: Record<string, unknown>
  /** Each a document of its own. */
  paths: readonly string[]
  aws?: Deployment
  /** How often it was logged in to. */
  logins(): number
  /** How long a session is used, at most, in milliseconds. */
  lastsMs: number
}

async function vault(authMethod: "approle" | "userpass" | "jwt"): Promise<Server> {
  const server = await startVault()
  onTestFinished(() => server.stop())
  const seeded = await seedVault({ url: server.url, rootToken: server.admin.rootToken }, { authMethod })
  return {
    providerId: "hashicorp",
    config: seeded.config(server.url),
    paths: ["secret/data/app/password", ...seeded.others.map(({ path }) => path)].slice(0, 4),
    logins: () => server.requests.count("login"),
    lastsMs: 3600_000,
  }
}

async function conjur(method: "API key" | "JWT"): Promise<Server> {
  const server = await startConjur()
  onTestFinished(() => server.stop())
  const { admin } = server
  const { loginId, apiKey } = admin.createLogin("host/data/app")
  const paths = [1, 2, 3, 4].map((n) => `data/app/${n}`)
  for (const path of paths) {
    admin.put(path, path)
    admin.permit(loginId, ["read", "execute"], path)
  }
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const publicKeys = [String(publicKey.export({ type: "spki", format: "pem" }))]
  admin.enableJwt("latchkey", { publicKeys, tokenAppProperty: "sub", identityPath: "data" }, [loginId])
  const jwt = await new SignJWT({ sub: "app" })
    .setProtectedHeader({ alg: "ES256" })
    .setExpirationTime("1h")
    .sign(privateKey)
  const where = { url: server.url, organizationAccountName: admin.account }
  const byJwt = { ...where, authMethod: "jwt", serviceId: "latchkey", jwt }
  return {
    providerId: "cyberark-conjur",
    config: method === "JWT" ? byJwt : { ...where, loginId, apiKey },
    paths,
    logins: () => server.requests.counts.authenticate,
    lastsMs: 480_000,
  }
}

async function awsRole(): Promise<Server> {
  const server = await startAws()
  onTestFinished(() => server.stop())
  const { arn, accessKeyId, secretAccessKey } = createPrincipal(server.admin)
  const credentials = async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) })
  const roleArn = server.admin.createRole("latchkey", {
    trusts: [arn],
    externalId: await externalIdOf("test", "acme"),
    policy: { Statement: [{ Effect: "Allow", Action: "secretsmanager:*", Resource: "*" }] },
  })
  const paths = ["one", "two", "three", "four"]
  for (const path of paths) server.admin.put(path, path)
  return {
    providerId: "aws",
    config: { region: "us-east-1", roleArn },
    paths,
    aws: { endpoint: () => server.url, principal: { deploymentId: "test", arn, credentials } },
    logins: () => server.requests.count("AssumeRole"),
    lastsMs: 3600_000,
  }
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** Two instances of Latchkey with one store and one Redis between them, over the real network; and their connection. */
async function twoInstances({ providerId, config, aws }: Server, clock: Clock) {
  const { redis, store, kms, auditStore, usageStore } = world()
  const instance = () => {
    const policy = { allowHttp: true, allowLoopback: true, exceptions: [] }
    const network = createNetwork({ policy, clock })
    stops.push(network.close)
    return createLatchkey({
      ...{ clock, redis, store, accounts: store, kms, auditStore, usageStore, network },
      metrics: { count: () => {}, time: () => {} },
      auditMode: "required",
      resolveMs: 15_000,
      ...(aws && { aws }),
    })
  }
  const [one, two] = [instance(), instance()]
  const parsed = providerById(providerId)?.config().parse(config) as never
  const id = await connect(one, { providerId, config: parsed, settings: { cacheTtlSeconds: 60 } })
  const sourcesOf = async (latchkey: Latchkey, ...paths: readonly string[]) => {
    const value = paths.map((path) => `{{secret://${id}/${path.replaceAll("?", "\\?")}}}`)
    const { references } = await resolve(latchkey, value)
    return references.map(({ source }) => source)
  }
  return { one, two, resolve: sourcesOf }
}

describe.each([
  ["Vault by AppRole", () => vault("approle")],
  ["Vault by password", () => vault("userpass")],
  ["Vault by JWT", () => vault("jwt")],
  ["Conjur by API key", () => conjur("API key")],
  ["Conjur by JWT", () => conjur("JWT")],
  ["a role of AWS", awsRole],
] as const)("two instances that share Redis log in to %s", (_, start) => {
  test("once for as long as a session lasts, and then once more", async () => {
    await import("@aws-sdk/client-secrets-manager")
    const server = await start()
    const clock = movedClock(Date.now())
    const { one, two, resolve } = await twoInstances(server, clock)
    const [first = "", second = "", third = "", fourth = ""] = server.paths
    const tested = server.logins()

    expect(await resolve(one, first)).toEqual(["provider"])
    expect(await resolve(two, second)).toEqual(["provider"])
    expect(await resolve(one, third, fourth)).toEqual(["provider", "provider"])
    expect(server.logins() - tested).toBe(1)

    clock.advance(server.lastsMs)
    expect(await resolve(two, first)).toEqual(["provider"])
    expect(await resolve(one, second, third)).toEqual(["provider", "provider"])
    expect(server.logins() - tested).toBe(2)
  })

  test("once where both need it at the same moment", async () => {
    await import("@aws-sdk/client-secrets-manager")
    const server = await start()
    const { one, two, resolve } = await twoInstances(server, systemClock)
    const [first = "", second = "", third = "", fourth = ""] = server.paths
    const tested = server.logins()
    await Promise.all([resolve(one, first), resolve(two, second), resolve(one, third), resolve(two, fourth)])
    expect(server.logins() - tested).toBe(1)
  })
})
