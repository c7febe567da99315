import { expect, test } from "vitest"
import { startOnePassword } from "../../local/secret-managers/onepassword/server.ts"
import { runScript } from "./script.ts"

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
    expect(await runScript("onepassword_sdk.py", given)).toEqual([
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
