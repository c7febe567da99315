import { describe, expect, test } from "vitest"
import { admin, callerOf, connected, resolve } from "../support/instance.ts"

describe("a resolve", () => {
  test("tells the canonical paths that it resolved, for the project, and none that failed", async () => {
    const { latchkey, vault, uses, id, reference } = await connected()
    vault.documents.set("secret/data/app", { key: "v" })
    const value = [
      reference("secret/data/app/key?version=1"),
      reference("secret/data/app/ke\\ y"),
      reference("secret/data/none/key"),
    ]
    vault.documents.set("secret/data/app?version=1", { key: "v" })
    await resolve(latchkey, value, { projectId: "p1", onError: "report" })
    expect(uses).toEqual([
      { platformId: "acme", connectionId: id, projectId: "p1", path: "secret/data/app/key" },
    ])
  })

  test("answers though usage cannot be written, and validating is no use", async () => {
    const { latchkey, vault, usageStore, reference } = await connected()
    vault.documents.set("secret/data/app", { key: "v" })
    const value = reference("secret/data/app/key")
    await latchkey.validate(callerOf(latchkey, admin), { value })
    expect(usageStore.writes).toBe(0)
    usageStore.down = true
    expect((await resolve(latchkey, value)).value).toBe("v")
    expect(usageStore.writes).toBe(1)
  })
})
