import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import type { EncryptionContext, KeyService } from "../../core/crypto/key-service.ts"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { movedClock } from "../support/moved-clock.ts"

export interface KeyServiceSubject {
  kms: KeyService
  /** The same service under another key. */
  otherKey: KeyService
  /** Whether it answers less precisely than KMS, and what is not its own looks like an outage. Default false. */
  imprecise?: boolean
  stop(): Promise<void>
}

const context = { platformId: "acme", connectionId: "smc_1", purpose: "config" }

/** What a key service promises (core/crypto/key-service.ts), and what is built on it: configurations and platforms' keys. */
export function keyServiceSuite(start: () => Promise<KeyServiceSubject>): void {
  let subject: KeyServiceSubject
  let kms: KeyService

  beforeAll(async () => {
    subject = await start()
    kms = subject.kms
  })
  afterAll(() => subject?.stop())

  /** What opens of bytes that are not this key's: nothing, in any case. */
  async function opened(bytes: Uint8Array): Promise<Buffer | undefined> {
    return kms.decrypt(bytes, context).catch((error: unknown) => {
      if (subject.imprecise && error instanceof LatchkeyError && error.code === "UNAVAILABLE")
        return undefined
      throw error
    })
  }

  describe("a data key", () => {
    test("has 256 bits, is another each time, and comes back from its wrapped bytes", async () => {
      const made = [await kms.generateDataKey(context), await kms.generateDataKey(context)] as const
      for (const { plain, wrapped } of made) {
        expect(plain).toHaveLength(32)
        expect(wrapped.includes(plain)).toBe(false)
        expect(await kms.decrypt(wrapped, context)).toEqual(plain)
      }
      expect(made[0].plain).not.toEqual(made[1].plain)
      expect(made[0].wrapped).not.toEqual(made[1].wrapped)
    })

    test("opens under its context, in whatever order", async () => {
      const { plain, wrapped } = await kms.generateDataKey(context)
      const reversed = Object.fromEntries(Object.entries(context).reverse())
      expect(await kms.decrypt(wrapped, reversed)).toEqual(plain)
    })

    test.each<[string, EncryptionContext]>([
      ["another platform", { ...context, platformId: "globex" }],
      ["another connection", { ...context, connectionId: "smc_2" }],
      ["another purpose", { ...context, purpose: "platform" }],
      ["less", { platformId: "acme", purpose: "config" }],
      ["more", { ...context, extra: "" }],
      ["nothing", {}],
    ])("is not ours under a context with %s", async (_, other) => {
      const { wrapped } = await kms.generateDataKey(context)
      expect(await kms.decrypt(wrapped, other)).toBeUndefined()
    })

    test("is not ours where its wrapped bytes were made under another key", async () => {
      const { wrapped } = await subject.otherKey.generateDataKey(context)
      expect(await opened(wrapped)).toBeUndefined()
    })

    test("is not ours where its wrapped bytes were altered, cut, or never were any", async () => {
      const { wrapped } = await kms.generateDataKey(context)
      const flipped = [0, 1, 20, 40, 60, 80, wrapped.length - 1]
        .filter((at) => at < wrapped.length)
        .map((at) => {
          const copy = Buffer.from(wrapped)
          copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
          return copy
        })
      const others = [wrapped.subarray(1), wrapped.subarray(0, -1), Buffer.alloc(0), Buffer.alloc(8_000, 1)]
      for (const [n, bytes] of [...flipped, ...others].entries())
        expect(await opened(bytes), `${n}`).toBeUndefined()
    })
  })

  describe("over it", () => {
    const binding = { platformId: "acme", connectionId: "smc_1", configId: "c1" }
    const config = { url: "https://vault.example", secretId: "s3cret", caCertificate: "x".repeat(60_000) }
    const clock = movedClock()

    test("a configuration is opened by any instance, and only where it belongs", async () => {
      const stored = await createEnvelope({ kms, clock }).encryptConfig(binding, config)
      const other = createEnvelope({ kms, clock })
      expect(await other.decryptConfig(binding, stored)).toEqual(config)
      for (const moved of [{ platformId: "globex" }, { connectionId: "smc_2" }, { configId: "c2" }])
        expect(await other.decryptConfig({ ...binding, ...moved }, stored)).toBeUndefined()
      expect(await other.decryptConfig(binding, { ...stored, wrappedKey: new Uint8Array() })).toBeUndefined()
      expect(Buffer.from(stored.data).includes("s3cret")).toBe(false)
    })

    test("a platform's keys are the same for every instance, and no other platform's", async () => {
      const platform = { platformId: "acme", rootKey: await createKeyring({ kms, clock }).generate("acme") }
      const [one, two] = await Promise.all([
        createKeyring({ kms, clock }).unwrap(platform),
        createKeyring({ kms, clock }).unwrap(platform),
      ])
      expect(one.nameOf("x")).toBe(two.nameOf("x"))
      expect(one.recordMac("x")).toEqual(two.recordMac("x"))
      expect(one.sealing(672).equals(two.sealing(672))).toBe(true)

      const stolen = createKeyring({ kms, clock }).unwrap({ ...platform, platformId: "globex" })
      await expect(stolen).rejects.toMatchObject({ code: "UNAVAILABLE" })
    })

    test("a configuration's key is no platform's, nor the other way round", async () => {
      const { wrappedKey } = await createEnvelope({ kms, clock }).encryptConfig(binding, config)
      const asRoot = createKeyring({ kms, clock }).unwrap({ platformId: "acme", rootKey: wrappedKey })
      await expect(asRoot).rejects.toMatchObject({ code: "UNAVAILABLE" })
    })
  })
}
