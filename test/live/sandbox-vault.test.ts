import { spawn } from "node:child_process"
import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { SignJWT } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { describeSealing, describeVault } from "../local/vault-documentation.ts"
import { startOpenBao } from "./servers.ts"
import { tool } from "./tools.ts"

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

/** Runs the script with no VAULT_* variables to mislead it, and gives the lines it printed. */
async function runHvac({ url, rootToken, unsealKey, aws }: Server): Promise<string[]> {
  const script = fileURLToPath(new URL("vault_hvac.py", import.meta.url))
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), [script], { env: {} })
  child.stdin.end(JSON.stringify({ url, rootToken, unsealKey, aws, jwt: await jwts() }))
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  return printed.trim().split("\n")
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
