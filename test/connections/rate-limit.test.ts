import { expect, test } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import { Secret } from "../../core/secret.ts"
import { admin, callerOf, world } from "../support/instance.ts"

/** Tests of a configuration that was not saved: what became of each. */
function testing() {
  const shared = world()
  const one = shared.instance()
  const ask = (latchkey = one, principal = admin) =>
    latchkey.connections
      .testUnsaved(callerOf(latchkey, principal), {
        providerId: "hashicorp",
        config: { url: "https://vault.example", authMethod: "token", token: new Secret("t") },
      })
      .then(
        () => "ok",
        (error: unknown) => (error instanceof LatchkeyError ? error : undefined),
      )
  return { ...shared, one, ask }
}

test("a platform's admins may have secret managers contacted thirty times a minute, over all instances", async () => {
  const { one, instance, clock, ask } = testing()
  const other = instance()
  clock.advance(15_000)
  for (let i = 0; i < 30; i++) expect(await ask(i % 2 === 0 ? one : other)).toBe("ok")
  for (const latchkey of [one, other])
    expect(await ask(latchkey)).toMatchObject({ code: "THROTTLED", fields: { retryAfterSeconds: 45 } })
  expect(await ask(one, { ...admin, platformId: "other" })).toBe("ok")
  clock.advance(45_000)
  expect(await ask()).toBe("ok")
})

test("while Redis is down each instance counts for itself", async () => {
  const { instance, redis, ask } = testing()
  redis.down = true
  const other = instance()
  for (let i = 0; i < 30; i++) expect(await ask()).toBe("ok")
  expect(await ask()).toMatchObject({ code: "THROTTLED" })
  expect(await ask(other)).toBe("ok")
})

test("whoever reads Redis cannot tell which platform it is: the count's name is made with the platform's key", async () => {
  const names = async () => {
    const { redis, ask } = testing()
    expect(await ask()).toBe("ok")
    return [...redis.entries.keys()]
  }
  const [first, second] = [await names(), await names()]
  expect(first).toHaveLength(1)
  expect(first).not.toEqual(second)
})
