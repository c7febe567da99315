import { describe, expect, test } from "vitest"
import { admin, callerOf, connect, resolve, world } from "../support/instance.ts"

/** The document that the Vault provider makes of `secret/data/app/<key>`. */
async function connected() {
  const shared = world()
  const latchkey = shared.instance()
  const id = await connect(latchkey)
  return { ...shared, latchkey, id, reference: (path: string) => `{{secret://${id}/${path}}}` }
}

describe("resolve", () => {
  test("replaces references and tells where their values came from", async () => {
    const { latchkey, vault, reference, id } = await connected()
    vault.documents.set(documentOf("secret/data/app"), { key: "v1" })
    const value = { url: `https://${reference("secret/data/app/key")}@x`, n: 1 }
    expect(await resolve(latchkey, value)).toEqual({
      value: { url: "https://v1@x", n: 1 },
      references: [{ pointer: "/url", connectionId: id, source: "provider", version: "1" }],
    })
    expect((await resolve(latchkey, value)).references[0]?.source).toBe("memory")
  })

  test("another instance takes the value from Redis, and after a clear from the secret manager", async () => {
    const { latchkey, vault, reference, instance } = await connected()
    vault.documents.set(documentOf("secret/data/app"), { key: "v1" })
    await resolve(latchkey, reference("secret/data/app/key"))
    const other = instance()
    expect((await resolve(other, reference("secret/data/app/key"))).references[0]?.source).toBe("cache")
    vault.documents.set(documentOf("secret/data/app"), { key: "v2" })
    await latchkey.clear(callerOf(latchkey, admin), undefined)
    expect(await resolve(other, reference("secret/data/app/key"))).toMatchObject({
      value: "v2",
      references: [{ source: "provider" }],
    })
    expect(vault.fetches.length).toBe(2)
  })
})

function documentOf(path: string): string {
  return path
}
