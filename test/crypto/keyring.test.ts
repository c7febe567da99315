import { describe, expect, test } from "vitest"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { movedClock } from "../support/moved-clock.ts"

const hour = 3_600_000

async function ring() {
  const clock = movedClock()
  const kms = memoryKms()
  const keyring = createKeyring({ kms, clock })
  const platform = { platformId: "acme", rootKey: await keyring.generate("acme") }
  kms.calls = 0
  return { clock, kms, keyring, platform }
}

describe("a platform's keys", () => {
  test("are unwrapped once an hour, however often they are asked for", async () => {
    const { clock, kms, keyring, platform } = await ring()
    for (let i = 0; i < 5; i++) await keyring.unwrap(platform)
    clock.advance(hour - 1)
    await keyring.unwrap(platform)
    expect(kms.calls).toBe(1)
    clock.advance(1)
    await keyring.unwrap(platform)
    expect(kms.calls).toBe(2)
  })

  test("are unwrapped once for all who ask at the same time", async () => {
    const { kms, keyring, platform } = await ring()
    const all = await Promise.all(Array.from({ length: 20 }, () => keyring.unwrap(platform)))
    expect(new Set(all).size).toBe(1)
    expect(kms.calls).toBe(1)
  })

  test("are refused where the same wrapped bytes stand in another platform's record, unwrapped before or not", async () => {
    const { kms, keyring, platform } = await ring()
    const moved = { platformId: "evil", rootKey: platform.rootKey }
    await expect(keyring.unwrap(moved)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await keyring.unwrap(platform)
    await expect(keyring.unwrap(moved)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(keyring.guess("evil")).toBeUndefined()
    expect(kms.calls).toBe(3)
  })

  test("go on serving while the key service is down, until their hour ends", async () => {
    const { clock, kms, keyring, platform } = await ring()
    const keys = await keyring.unwrap(platform)
    kms.down = true
    clock.advance(hour - 1)
    expect(await keyring.unwrap(platform)).toBe(keys)
    clock.advance(1)
    await expect(keyring.unwrap(platform)).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })

  test("are asked for again after a failure, which nobody remembers", async () => {
    const { kms, keyring, platform } = await ring()
    kms.down = true
    await expect(keyring.unwrap(platform)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    kms.down = false
    await expect(keyring.unwrap(platform)).resolves.toBeDefined()
  })

  test("can be guessed once they are unwrapped, for an hour, as those of the bytes last seen", async () => {
    const { clock, keyring, platform } = await ring()
    expect(keyring.guess("acme")).toBeUndefined()
    const unwrapping = keyring.unwrap(platform)
    expect(keyring.guess("acme")).toBeUndefined()
    const keys = await unwrapping
    expect(keyring.guess("acme")).toBe(keys)
    const other = await keyring.unwrap({ platformId: "acme", rootKey: await keyring.generate("acme") })
    expect(keyring.guess("acme")).toBe(other)
    clock.advance(hour)
    expect(keyring.guess("acme")).toBeUndefined()
  })

  test("differ by purpose: no name is a record's MAC, and other root keys name and authenticate otherwise", async () => {
    const { keyring, platform } = await ring()
    const keys = await keyring.unwrap(platform)
    const other = await keyring.unwrap({ platformId: "acme", rootKey: await keyring.generate("acme") })
    const names = [
      keys.nameOf("x"),
      keys.recordMac("x").toString("base64url"),
      other.nameOf("x"),
      other.recordMac("x").toString("base64url"),
    ]
    expect(new Set(names).size).toBe(4)
    expect(keys.nameOf("x")).toBe(keys.nameOf("x"))
  })
})
