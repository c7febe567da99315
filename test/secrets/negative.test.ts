import { describe, expect, test } from "vitest"
import type { Reason } from "../../core/errors.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, clear, connected, resolve, update } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

const path = "secret/data/app/key"
const document = "secret/data/app"
const other = "secret/data/other"

async function refusing(reason: Reason, settings = {}) {
  const shared = await connected(settings)
  shared.vault.documents.set(document, { key: "v" })
  shared.vault.documents.set(other, { key: "w" })
  shared.vault.refusals.set(document, reason)
  const ask = async (latchkey: Latchkey, what = path) => {
    const resolving = resolve(latchkey, shared.reference(what), { onError: "report" })
    const { value, references } = await passing(shared.clock, resolving)
    return references[0]?.error?.reason ?? value
  }
  return { ...shared, ask }
}

describe.each<[Reason, number]>([
  ["NOT_FOUND", 30_000],
  ["PERMISSION_DENIED", 10_000],
])("the answer %s", (reason, ms) => {
  test(`is reused for ${ms / 1000} s, on every instance, for its document alone`, async () => {
    const { latchkey, instance, clock, vault, ask } = await refusing(reason)
    const elsewhere = instance()
    expect(await ask(latchkey)).toBe(reason)
    vault.refusals.clear()
    clock.advance(ms - 1)
    expect(await ask(latchkey)).toBe(reason)
    expect(await ask(elsewhere)).toBe(reason)
    expect(await ask(latchkey, `${other}/key`)).toBe("w")
    clock.advance(1)
    expect(await ask(elsewhere)).toBe("v")
    expect(await ask(latchkey)).toBe("v")
  })

  test.each<[string, (latchkey: Latchkey, id: string) => Promise<unknown>]>([
    ["a clear", (latchkey, id) => clear(latchkey, id)],
    ["a clear of the platform", (latchkey) => clear(latchkey)],
    ["an update of the configuration", (latchkey, id) => update(latchkey, id, { config: { secretId: "x" } })],
    ["a successful test", (latchkey, id) => latchkey.connections.test(callerOf(latchkey, admin), id)],
  ])("is forgotten by %s, everywhere", async (_, forget) => {
    const { latchkey, instance, vault, id, ask } = await refusing(reason)
    const elsewhere = instance()
    await ask(latchkey)
    await ask(elsewhere)
    vault.refusals.clear()
    await forget(latchkey, id)
    expect(await ask(elsewhere)).toBe("v")
    expect(await ask(latchkey)).toBe("v")
  })

  test("is not forgotten by a test that fails", async () => {
    const { latchkey, vault, id, ask } = await refusing(reason)
    await ask(latchkey)
    vault.failure = "UNREACHABLE"
    await latchkey.connections.test(callerOf(latchkey, admin), id)
    vault.failure = undefined
    vault.refusals.clear()
    expect(await ask(latchkey)).toBe(reason)
  })
})

describe("a refused login", () => {
  test("is an answer about the connection: for 10 s nobody tries again, whatever the document", async () => {
    const { latchkey, instance, clock, vault, ask } = await refusing("BAD_CREDENTIALS")
    const elsewhere = instance()
    expect(await ask(latchkey)).toBe("BAD_CREDENTIALS")
    const { length } = vault.fetches
    vault.refusals.clear()
    clock.advance(9_000)
    expect(await ask(latchkey, `${other}/key`)).toBe("BAD_CREDENTIALS")
    expect(await ask(elsewhere, `${other}/key`)).toBe("BAD_CREDENTIALS")
    expect(vault.fetches).toHaveLength(length)
    clock.advance(1_000)
    expect(await ask(latchkey)).toBe("v")
    expect(await ask(elsewhere, `${other}/key`)).toBe("w")
  })

  test("costs nothing but the read and the records while it is remembered", async () => {
    const { latchkey, ask, roundTrips } = await refusing("BAD_CREDENTIALS")
    await ask(latchkey)
    expect(await roundTrips(() => ask(latchkey, `${other}/key`))).toMatchObject({
      fetches: 0,
      kms: 0,
      redis: 1,
    })
  })

  test("does not keep what is cached from being served", async () => {
    const { latchkey, ask } = await refusing("BAD_CREDENTIALS")
    expect(await ask(latchkey, `${other}/key`)).toBe("w")
    await ask(latchkey)
    expect(await ask(latchkey, `${other}/key`)).toBe("w")
  })

  test("protects the account without a cache too, within an instance", async () => {
    const { latchkey, clock, vault, ask } = await refusing("BAD_CREDENTIALS", { cacheTtlSeconds: 0 })
    for (let i = 0; i < 5; i++) expect(await ask(latchkey)).toBe("BAD_CREDENTIALS")
    expect(vault.fetches).toHaveLength(1)
    vault.refusals.clear()
    clock.advance(10_000)
    expect(await ask(latchkey)).toBe("v")
  })

  test.each<[string, (latchkey: Latchkey, id: string) => Promise<unknown>]>([
    ["a clear", (latchkey, id) => clear(latchkey, id)],
    ["an update of the configuration", (latchkey, id) => update(latchkey, id, { config: { secretId: "x" } })],
    ["a successful test", (latchkey, id) => latchkey.connections.test(callerOf(latchkey, admin), id)],
  ])("is forgotten by %s", async (_, forget) => {
    const { latchkey, instance, vault, id, ask } = await refusing("BAD_CREDENTIALS")
    const elsewhere = instance()
    await ask(latchkey)
    await ask(elsewhere)
    vault.refusals.clear()
    await forget(latchkey, id)
    expect(await ask(elsewhere)).toBe("v")
    expect(await ask(latchkey)).toBe("v")
  })
})

describe("an answer that is not remembered", () => {
  test.each<Reason>(["DELETED", "WRONG_ENGINE", "UNSUPPORTED_VALUE", "INVALID_PATH", "TLS"])(
    "%s is asked for again within seconds, and answered at once until then",
    async (reason) => {
      const { latchkey, clock, vault, ask } = await refusing(reason)
      expect(await ask(latchkey)).toBe(reason)
      vault.refusals.clear()
      const from = clock.now()
      await ask(latchkey)
      expect(clock.now() - from).toBeLessThan(300)
      clock.advance(5_000)
      expect(await ask(latchkey)).toBe("v")
    },
  )
})
