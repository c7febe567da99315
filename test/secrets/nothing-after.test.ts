import { describe, expect, test } from "vitest"
import { connect, connected, resolve } from "../support/instance.ts"
import { passing, turn } from "../support/moved-clock.ts"

const never = new Promise(() => {})
const path = "secret/data/slow/key"

/** A secret manager that does not answer, and a resolve that waits for it. */
async function waiting() {
  const shared = await connected()
  shared.vault.documents.set("secret/data/slow", { key: "v" })
  shared.vault.documents.set("secret/data/other", { key: "v" })
  await resolve(shared.latchkey, shared.reference("secret/data/other/key"))
  shared.vault.gate = never
  return shared
}

describe("once a resolve is answered nothing of it runs any more", () => {
  test("where it fails as a whole: what its other connections were fetching has stopped", async () => {
    const { latchkey, instance, kms, vault, reference } = await waiting()
    const locked = await connect(instance())
    kms.down = true
    const both = [reference(path), reference("secret/data/other/key", locked)]
    await expect(resolve(latchkey, both)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(vault.fetches).toHaveLength(2)
    expect(vault.underWay).toBe(0)
  })

  test("where its caller has left", async () => {
    const { latchkey, vault, reference } = await waiting()
    const leaving = new AbortController()
    const left = resolve(latchkey, reference(path), { signal: leaving.signal, onError: "report" })
    await turn()
    expect(vault.underWay).toBe(1)
    leaving.abort()
    await left
    expect(vault.underWay).toBe(0)
  })

  test.each([0, 3_600])("where its time is over (cached for %i s)", async (cacheTtlSeconds) => {
    const { latchkey, vault, reference, clock } = await waiting()
    const id = await connect(latchkey, { settings: { cacheTtlSeconds } })
    const from = clock.now()
    const { references } = await passing(clock, resolve(latchkey, reference(path, id), { onError: "report" }))
    expect(references[0]?.error?.reason).toBe("TIMEOUT")
    expect(clock.now() - from).toBeLessThanOrEqual(13_000)
    expect(vault.underWay).toBe(0)
  })

  test("save what does not listen: that is waited for half a second, and no longer", async () => {
    const { latchkey, vault, reference, clock } = await waiting()
    vault.deaf = true
    const from = clock.now()
    const leaving = new AbortController()
    const left = resolve(latchkey, reference(path), { signal: leaving.signal, onError: "report" })
    await turn()
    leaving.abort()
    await passing(clock, left)
    expect(clock.now() - from).toBeLessThanOrEqual(600)
    expect(vault.underWay).toBe(1)
  })
})

test("our own writes have the last two seconds of a resolve's fifteen, and no more", async () => {
  const { latchkey, vault, reference, clock, auditStore } = await waiting()
  const from = clock.now()
  const resolving = resolve(latchkey, reference(path), { onError: "report" })
  await turn()
  expect(vault.underWay).toBe(1)
  auditStore.gate = never
  await expect(passing(clock, resolving)).rejects.toMatchObject({ code: "UNAVAILABLE" })
  expect(clock.now() - from).toBeGreaterThanOrEqual(14_000)
  expect(clock.now() - from).toBeLessThanOrEqual(15_000)
})

test("who leaves a fetch that others wait for does not wait for it", async () => {
  const { latchkey, vault, reference } = await waiting()
  const leaving = new AbortController()
  const left = resolve(latchkey, reference(path), { signal: leaving.signal, onError: "report" })
  const gate = Promise.withResolvers<void>()
  vault.gate = gate.promise
  const staying = resolve(latchkey, reference(path))
  await turn()
  leaving.abort()
  expect((await left).references[0]?.error?.reason).toBe("TIMEOUT")
  gate.resolve()
  expect((await staying).value).toBe("v")
})
