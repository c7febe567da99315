import { describe, expect, test } from "vitest"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { movedClock } from "../support/moved-clock.ts"

const hour = 3_600_000
const binding = { platformId: "acme", connectionId: "smc_1", configId: "c1" }
const config = { url: "https://vault.example", secretId: "s3cret" }

async function encrypted() {
  const clock = movedClock()
  const kms = memoryKms()
  const envelope = createEnvelope({ kms, clock })
  const stored = await envelope.encryptConfig(binding, config)
  kms.calls = 0
  return { clock, kms, envelope, stored }
}

describe("a configuration", () => {
  test("comes back as it was stored", async () => {
    const { envelope, stored } = await encrypted()
    expect(await envelope.decryptConfig(binding, stored)).toEqual(config)
    expect(Buffer.from(stored.data).includes("s3cret")).toBe(false)
  })

  test.each([
    ["another platform", { ...binding, platformId: "evil" }],
    ["another connection", { ...binding, connectionId: "smc_2" }],
    ["another configId", { ...binding, configId: "c2" }],
  ])("does not open for %s, whether its key is in memory or not", async (_, moved) => {
    const { envelope, stored } = await encrypted()
    expect(await envelope.decryptConfig(moved, stored)).toBeUndefined()
    await envelope.decryptConfig(binding, stored)
    expect(await envelope.decryptConfig(moved, stored)).toBeUndefined()
    expect(await envelope.decryptConfig(binding, stored)).toEqual(config)
  })

  test("does not open where a byte of key, IV, ciphertext or tag differs", async () => {
    const { envelope, stored } = await encrypted()
    for (const field of ["wrappedKey", "data"] as const)
      for (let at = 0; at < stored[field].length; at += 5) {
        const bytes = Buffer.from(stored[field])
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
        expect(
          await envelope.decryptConfig(binding, { ...stored, [field]: bytes }),
          `${field} ${at}`,
        ).toBeUndefined()
      }
  })

  test("asks the key service with what it belongs to, and nothing that identifies more", async () => {
    const contexts: unknown[] = []
    const kms = memoryKms()
    const { generateDataKey, decrypt } = kms
    const spying = {
      generateDataKey: (context: Parameters<typeof generateDataKey>[0]) => {
        contexts.push(context)
        return generateDataKey(context)
      },
      decrypt: (wrapped: Uint8Array, context: Parameters<typeof decrypt>[1]) => {
        contexts.push(context)
        return decrypt(wrapped, context)
      },
    }
    const clock = movedClock()
    const envelope = createEnvelope({ kms: spying, clock })
    await envelope.decryptConfig(binding, await envelope.encryptConfig(binding, config))
    const keyring = createKeyring({ kms: spying, clock })
    await keyring.unwrap({ platformId: "acme", rootKey: await keyring.generate("acme") })
    const ofConfig = { platformId: "acme", connectionId: "smc_1", purpose: "config" }
    const ofPlatform = { platformId: "acme", purpose: "platform" }
    expect(contexts).toEqual([ofConfig, ofConfig, ofPlatform, ofPlatform])
  })

  test("has a key and an IV of its own with each write", async () => {
    const { envelope, stored } = await encrypted()
    const again = await envelope.encryptConfig(binding, config)
    expect(again.wrappedKey).not.toEqual(stored.wrappedKey)
    expect(Buffer.from(again.data).subarray(0, 12)).not.toEqual(Buffer.from(stored.data).subarray(0, 12))
  })
})

describe("a configuration's key", () => {
  test("is unwrapped once an hour, and once for all who ask at the same time", async () => {
    const { clock, kms, envelope, stored } = await encrypted()
    await Promise.all(Array.from({ length: 10 }, () => envelope.decryptConfig(binding, stored)))
    await envelope.decryptConfig(binding, stored)
    expect(kms.calls).toBe(1)
    clock.advance(hour)
    await envelope.decryptConfig(binding, stored)
    expect(kms.calls).toBe(2)
  })

  test("is not asked for any more once whoever asked has left; another who waits for it asks again", async () => {
    const { kms, envelope, stored } = await encrypted()
    const gate = Promise.withResolvers<void>()
    kms.gate = gate.promise
    const leaving = new AbortController()
    const left = envelope.decryptConfig(binding, stored, leaving.signal)
    const staying = envelope.decryptConfig(binding, stored, new AbortController().signal)
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: "UNAVAILABLE" })
    gate.resolve()
    expect(await staying).toEqual(config)
    expect(kms.calls).toBe(2)
  })

  test("serves while the key service is down until its hour ends, then it is UNAVAILABLE", async () => {
    const { clock, kms, envelope, stored } = await encrypted()
    await envelope.decryptConfig(binding, stored)
    kms.down = true
    expect(await envelope.decryptConfig(binding, stored)).toEqual(config)
    clock.advance(hour)
    await expect(envelope.decryptConfig(binding, stored)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await expect(envelope.encryptConfig(binding, config)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    kms.down = false
    expect(await envelope.decryptConfig(binding, stored)).toEqual(config)
  })
})
