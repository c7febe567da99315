import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { startOnePassword } from "../../local/secret-managers/onepassword/server.ts"
import { tool } from "./tools.ts"

/** Runs the script with no OP_* variables to mislead it, and gives the lines it printed. */
async function runSdk(given: object): Promise<string[]> {
  const script = fileURLToPath(new URL("onepassword_sdk.py", import.meta.url))
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), [script], { env: {} })
  child.stdin.end(JSON.stringify(given))
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  return printed.trim().split("\n")
}

test("the sandbox's Connect server works with 1Password's Python client, unchanged", async () => {
  const server = await startOnePassword()
  try {
    const { admin } = server
    const vault = admin.createVault("Python's vault")
    const item = admin.createItem(vault, { title: "With a file" })
    const content = Buffer.from([0, 255, 10, 13, 128])
    admin.attachFile(item, { name: "key.bin", content })
    const given = {
      url: server.url,
      token: admin.createToken([vault], { write: true }),
      vault: "Python's vault",
      other: admin.idOf("Restricted"),
      file: { item: "With a file", name: "key.bin", content: content.toString("base64") },
    }
    expect(await runSdk(given)).toEqual([
      "vaults",
      "created",
      "read by id and by title",
      "listed and filtered",
      "loaded",
      "updated",
      "files",
      "deleted and missing",
      "refused",
    ])
  } finally {
    await server.stop()
  }
})
