import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"

const script = fileURLToPath(new URL("vault_hvac.py", import.meta.url))
let vault: VaultServer

beforeAll(async () => {
  vault = await startVault()
})
afterAll(() => vault.stop())

test("hvac, unchanged, works against the sandbox's Vault", async () => {
  const python = process.env.LATCHKEY_LIVE_PYTHON
  if (!python) throw new Error("LATCHKEY_LIVE_PYTHON names no Python with hvac: run test/live/setup.sh")
  // Whatever VAULT_* variables say, this server is meant.
  const child = spawn(python, [script], { env: {}, stdio: ["pipe", "pipe", "pipe"] })
  const { rootToken, unsealKey } = vault.admin
  child.stdin.end(JSON.stringify({ url: vault.url, rootToken, unsealKey }))
  const [output, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])

  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  expect(output.trim().split("\n")).toEqual([
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
