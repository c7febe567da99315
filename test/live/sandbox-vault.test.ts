import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { SignJWT } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { describeSealing, describeVault } from "../local/vault-documentation.ts"
import { runScript } from "./script.ts"
import { startOpenBao } from "./servers.ts"

interface Server {
  url: string
  rootToken: string
  unsealKey: string
  /** A principal of AWS, where the server can be told of one. */
  aws?: { accessKeyId: string; secretAccessKey: string; sessionToken: string; arn: string }
  stop(): Promise<void>
}

const startSandbox = async (): Promise<Server> => {
  const { url, admin, stop } = await startVault()
  const aws = {
    accessKeyId: "ASIAIOSFODNN7EXAMPLE",
    secretAccessKey: "made-up",
    sessionToken: "made/up+token==",
    arn: "arn:aws:iam::123456789012:user/hvac",
  }
  return { url, rootToken: admin.rootToken, unsealKey: admin.unsealKey, aws, stop }
}

/** A token that the key's holder signed, one that another did, and the key. */
async function jwts() {
  const pairOf = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
  const sign = (key: KeyObject) =>
    new SignJWT({ sub: "hvac", aud: "vault" })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key)
  const { publicKey, privateKey } = pairOf()
  return {
    token: await sign(privateKey),
    another: await sign(pairOf().privateKey),
    publicKey: publicKey.export({ type: "spki", format: "pem" }),
  }
}

async function runHvac({ url, rootToken, unsealKey, aws }: Server): Promise<string[]> {
  return runScript("vault_hvac.py", { url, rootToken, unsealKey, aws, jwt: await jwts() })
}

// The script and the suite say what a Vault does: one that the real server failed would hold the sandbox to nothing.
describe.each([
  ["the sandbox's Vault", startSandbox],
  ["OpenBao", startOpenBao],
] as const)("%s", (name, start) => {
  let server: Server

  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())

  describeVault(name, () => server)
  describeSealing(name, () => server)

  test("works with hvac, unchanged", async () => {
    expect(await runHvac(server)).toEqual([
      "root token",
      "mounts and policies",
      "login by AppRole",
      "login by password",
      "login by JWT",
      ...(server.aws ? ["login by AWS"] : []),
      "KV version 2",
      "deleted, destroyed, missing",
      "KV version 1",
      "denied",
      "revoked",
      "namespaces",
      "sealed and unsealed",
    ])
  })
})
