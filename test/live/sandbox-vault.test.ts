import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { describeSealing, describeVault } from "../local/vault-documentation.ts"
import { startOpenBao } from "./servers.ts"
import { tool } from "./tools.ts"

interface Server {
  url: string
  rootToken: string
  unsealKey: string
  stop(): Promise<void>
}

const startSandbox = async (): Promise<Server> => {
  const { url, admin, stop } = await startVault()
  return { url, rootToken: admin.rootToken, unsealKey: admin.unsealKey, stop }
}

/** Runs the script with no VAULT_* variables to mislead it, and gives the lines it printed. */
async function runHvac({ url, rootToken, unsealKey }: Server): Promise<string[]> {
  const script = fileURLToPath(new URL("vault_hvac.py", import.meta.url))
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), [script], { env: {} })
  child.stdin.end(JSON.stringify({ url, rootToken, unsealKey }))
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
