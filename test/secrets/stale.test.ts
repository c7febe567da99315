import { describe, expect, test } from "vitest"
import type { Reason } from "../../core/errors.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { clear, connected, resolve, update } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

const path = "secret/data/app/key"
const document = "secret/data/app"
const settings = { cacheTtlSeconds: 60, staleIfErrorSeconds: 600 }

/** A value that was fetched a minute ago, so that it is no longer fresh but may stand in. */
async function aged(given = settings) {
  const shared = await connected(given)
  const { latchkey, clock, vault, reference } = shared
  vault.documents.set(document, { key: "old" })
  await resolve(latchkey, reference(path))
  vault.documents.set(document, { key: "new" })
  clock.advance(60_000)
  const ask = async (one: Latchkey = latchkey) => {
    const { value, references } = await passing(clock, resolve(one, reference(path), { onError: "report" }))
    const [{ source, error } = {}] = references
    return error ? error.reason : [value, source]
  }
  return { ...shared, ask }
}

const outages: Reason[] = ["UNREACHABLE", "TIMEOUT", "THROTTLED", "SEALED", "PROVIDER_ERROR"]
const answers: Reason[] = ["BAD_CREDENTIALS", "PERMISSION_DENIED", "NOT_FOUND", "DELETED", "WRONG_ENGINE"]

describe("a value past its time", () => {
  test("is fetched anew while the secret manager answers", async () => {
    const { ask } = await aged()
    expect(await ask()).toEqual(["new", "provider"])
  })

  test.each(outages)("stands in, and says so, while the secret manager is failing: %s", async (reason) => {
    const { vault, instance, audit, ask } = await aged()
    vault.failure = reason
    expect(await ask()).toEqual(["old", "stale"])
    expect(await ask(instance())).toEqual(["old", "stale"])
    const told = audit.flatMap(({ outcomes = [] }) => outcomes).filter(({ source }) => source === "stale")
    expect(told).toHaveLength(2)
  })

  test("stands in while the breaker is open, and until its time is up", async () => {
    const { vault, clock, ask } = await aged()
    vault.failure = "UNREACHABLE"
    for (let i = 0; i < 5; i++) {
      expect(await ask()).toEqual(["old", "stale"])
      clock.advance(5_000)
    }
    clock.advance(600_000 - 26_000)
    expect(await ask()).toEqual(["old", "stale"])
    clock.advance(2_000)
    expect(await ask()).toBe("UNREACHABLE")
  })

  test.each(answers)("never stands in for an answer: %s", async (reason) => {
    const { vault, ask } = await aged()
    vault.refusals.set(document, reason)
    expect(await ask()).toBe(reason)
  })

  test.each(answers)("is gone for good after the answer %s, also from a later outage", async (reason) => {
    const { vault, instance, clock, latchkey, ask } = await aged()
    vault.refusals.set(document, reason)
    await ask()
    vault.refusals.clear()
    vault.failure = "UNREACHABLE"
    for (const wait of [0, 31_000, 300_000, 268_000]) {
      clock.advance(wait)
      expect(typeof (await ask(latchkey))).toBe("string")
      expect(typeof (await ask(instance()))).toBe("string")
    }
  })

  test("is gone for good for every document that was asked for while the login was refused", async () => {
    const { vault, clock, reference, latchkey, instance } = await connected(settings)
    const two = ["secret/data/a", "secret/data/b"]
    for (const one of two) vault.documents.set(one, { key: "old" })
    const ask = (one: Latchkey, which: number) =>
      passing(clock, resolve(one, reference(`${two[which]}/key`), { onError: "report" }))
    for (const which of [0, 1]) await ask(latchkey, which)
    clock.advance(60_000)
    vault.failure = "BAD_CREDENTIALS"
    for (const which of [0, 1]) await ask(latchkey, which)
    clock.advance(10_000)
    vault.failure = "UNREACHABLE"
    for (const which of [0, 1])
      expect((await ask(instance(), which)).references[0]?.error?.reason).toBe("UNREACHABLE")
  })

  test.each<Reason>(["TLS", "BLOCKED_ADDRESS"])(
    "does not stand in for %s, which is no outage to be papered over, and is not lost by it",
    async (reason) => {
      const { vault, clock, ask } = await aged()
      vault.failure = reason
      expect(await ask()).toBe(reason)
      clock.advance(5_000)
      vault.failure = "UNREACHABLE"
      expect(await ask()).toEqual(["old", "stale"])
    },
  )

  test("does not stand in where it is not allowed to", async () => {
    const { vault, ask } = await aged({ cacheTtlSeconds: 60, staleIfErrorSeconds: 0 })
    vault.failure = "UNREACHABLE"
    expect(await ask()).toBe("UNREACHABLE")
  })

  test("does not stand in across a clear, an update or a change of settings", async () => {
    for (const change of [
      (latchkey: Latchkey, id: string) => clear(latchkey, id),
      (latchkey: Latchkey) => clear(latchkey),
      (latchkey: Latchkey, id: string) => update(latchkey, id, { config: { secretId: "x" } }),
      (latchkey: Latchkey, id: string) => update(latchkey, id, { settings: { staleIfErrorSeconds: 86_400 } }),
    ]) {
      const { vault, latchkey, id, ask } = await aged()
      await change(latchkey, id)
      vault.failure = "UNREACHABLE"
      expect(await ask()).toBe("UNREACHABLE")
    }
  })

  test("does not stand in for a path that is allowed no more, or a project that is out", async () => {
    const { vault, latchkey, id, reference, ask } = await aged()
    vault.failure = "UNREACHABLE"
    await update(latchkey, id, { scope: "PROJECT", projectIds: ["p1"] })
    await expect(resolve(latchkey, reference(path))).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
    await update(latchkey, id, { scope: "PLATFORM", settings: { allowedPaths: [] } })
    expect(await ask()).toBe("PATH_NOT_ALLOWED")
  })

  test("comes from Redis only: without it there is none, and memory drops it in time", async () => {
    const { vault, redis, clock, ask } = await aged()
    vault.failure = "UNREACHABLE"
    redis.down = true
    expect(await ask()).toBe("UNREACHABLE")
    redis.down = false
    clock.advance(5_000)
    expect(await ask()).toEqual(["old", "stale"])
  })
})

describe("the attempt before a value stands in", () => {
  test("is one, of two seconds", async () => {
    const { vault, clock, ask } = await aged()
    vault.gate = new Promise(() => {})
    const started = clock.now()
    expect(await ask()).toEqual(["old", "stale"])
    expect(clock.now() - started).toBeGreaterThanOrEqual(2_000)
    expect(clock.now() - started).toBeLessThan(2_500)
    expect(vault.opened.at(-1)?.attempts).toBe(1)
  })

  test("of an instance that waits for another's takes no longer", async () => {
    const { vault, instance, clock, latchkey, reference } = await aged()
    vault.gate = new Promise(() => {})
    const started = clock.now()
    const both = [latchkey, instance()].map((one) => resolve(one, reference(path)))
    for (const { references } of await passing(clock, Promise.all(both)))
      expect(references[0]?.source).toBe("stale")
    expect(clock.now() - started).toBeLessThan(2_500)
  })

  test("leaves the others their time: a document without an old value gets the whole", async () => {
    const { vault, clock, latchkey, reference } = await aged()
    vault.documents.set("secret/data/cold", { key: "c" })
    const gate = Promise.withResolvers<void>()
    vault.gate = gate.promise
    const both = resolve(latchkey, [reference(path), reference("secret/data/cold/key")])
    void clock.sleep(4_000).then(gate.resolve)
    const { value, references } = await passing(clock, both)
    expect(value).toEqual(["old", "c"])
    expect(references.map(({ source }) => source)).toEqual(["stale", "provider"])
  })
})
